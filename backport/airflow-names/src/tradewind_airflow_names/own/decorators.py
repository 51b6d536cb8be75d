"""`airflow.utils.decorators`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from tradewind_airflow_names.own.warnings import RemovedInAirflow3Warning

_Function = TypeVar("_Function", bound=Callable[..., object])


def apply_defaults(func: _Function) -> _Function:
    """Return a constructor as it is: default arguments reach every operator, decorated or not. Warns that it is not needed."""
    warnings.warn(
        f"apply_defaults does nothing: leave it out above {func.__qualname__}", RemovedInAirflow3Warning, stacklevel=2
    )
    return func
