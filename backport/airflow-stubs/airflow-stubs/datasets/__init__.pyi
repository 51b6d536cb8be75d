# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.assets import AssetAlias as DatasetAlias
from tradewind_plugins.assets import AssetAll as DatasetAll
from tradewind_plugins.assets import AssetAny as DatasetAny
from tradewind_plugins.assets import BaseAsset as BaseDataset
from tradewind_plugins.assets import Dataset as Dataset
__all__ = ['BaseDataset', 'Dataset', 'DatasetAlias', 'DatasetAll', 'DatasetAny']
