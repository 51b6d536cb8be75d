# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.assets import AssetAlias as DatasetAlias
from tradewind_plugins.assets import Dataset as Dataset
__all__ = ['Dataset', 'DatasetAlias']
