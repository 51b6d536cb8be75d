# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import Param as Param
from typing import Any
ParamsDict = dict[str, Any]
__all__ = ['Param', 'ParamsDict']
