# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.asset_decorator import AssetDefinition as AssetDefinition
from tradewind.authoring.asset_decorator import MultiAssetDefinition as MultiAssetDefinition
from tradewind.authoring.asset_decorator import asset as asset
__all__ = ['AssetDefinition', 'MultiAssetDefinition', 'asset']
