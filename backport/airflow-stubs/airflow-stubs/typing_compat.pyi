# Written by generate.py from the tables of tradewind-airflow-names.
from typing_extensions import Literal as Literal
from typing_extensions import ParamSpec as ParamSpec
from typing_extensions import Protocol as Protocol
from typing_extensions import Self as Self
from typing_extensions import TypeAlias as TypeAlias
from typing_extensions import TypeGuard as TypeGuard
from typing_extensions import TypedDict as TypedDict
from typing_extensions import runtime_checkable as runtime_checkable
__all__ = ['Literal', 'ParamSpec', 'Protocol', 'Self', 'TypeAlias', 'TypeGuard', 'TypedDict', 'runtime_checkable']
