# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.assets import Asset as Asset
from tradewind_plugins.assets import AssetAlias as AssetAlias
from tradewind_plugins.assets import AssetAll as AssetAll
from tradewind_plugins.assets import AssetAny as AssetAny
from tradewind_plugins.assets import AssetWatcher as AssetWatcher
from tradewind_plugins.assets import BaseAsset as BaseAsset
from tradewind_plugins.assets import Dataset as Dataset
__all__ = ['Asset', 'AssetAlias', 'AssetAll', 'AssetAny', 'AssetWatcher', 'BaseAsset', 'Dataset']
