# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import Label as Label
from tradewind_plugins.edges import EdgeModifier as EdgeModifier
__all__ = ['EdgeModifier', 'Label']
