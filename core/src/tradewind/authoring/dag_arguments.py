"""The arguments of a DAG that Airflow has: old names, taken with a warning, and those not built yet, refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from tradewind_plugins.exceptions import TradewindException


def _is_empty(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (list, tuple, dict, set)) and not value)


def _always(_value: Any) -> bool:
    return True


# Name -> does this value ask for nothing? What does, is accepted; anything else is refused.
NOT_BUILT: dict[str, Callable[[Any], bool]] = {
    "default_view": _always,  # a choice among Airflow's pages, which are not ours
    "full_filepath": _is_empty,
    "orientation": _always,  # as above
}
INSTEAD = {
    "concurrency": "max_active_tasks",
    "schedule_interval": "schedule",
    "timetable": "schedule",
}


def with_new_names(dag_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with the new name of each old one, which a ``DeprecationWarning`` names at the author's line.

    Raises:
        TradewindException: one is given under its old name and its new one as well.
    """
    found = {name: value for name, value in given.items() if name not in INSTEAD}
    for old in INSTEAD.keys() & given.keys():
        new = INSTEAD[old]
        if given[old] is None and old != "schedule_interval":  # None asks for nothing there, and for no schedule here
            continue
        if new in found:
            raise TradewindException(f"DAG {dag_id!r}: give {new}, and not {old}, its old name, as well.")
        warnings.warn(f"DAG {dag_id!r}: the argument {old} is called {new} now", DeprecationWarning, stacklevel=3)
        found[new] = given[old]
    return found


def refuse_unknown(dag_id: str, extra: Mapping[str, Any]) -> None:
    """Raise ``TradewindException`` for the first argument in ``extra`` that asks for something that is not there."""
    for name, value in extra.items():
        if name not in NOT_BUILT:
            raise TradewindException(f"DAG {dag_id!r}: DAG has no argument {name!r}.")
        if not NOT_BUILT[name](value):
            raise TradewindException(
                f"DAG {dag_id!r}: the argument {name}={value!r} is not built yet in Tradewind; "
                "leave it out to run the DAG without it."
            )


_CATCHUP: dict[Any, bool | str] = {"all": True, "latest": False, "none": "none"}


def as_catchup(dag_id: str, value: Any) -> bool | str:
    """Return what ``catchup=`` says, as it is kept: True for all, False for the latest, ``none``.

    Raises:
        TradewindException: it is none of the words.
    """
    found = _CATCHUP.get(value) if isinstance(value, str) else bool(value)
    if found is None:
        raise TradewindException(f"DAG {dag_id!r}: catchup is 'all', 'latest', 'none', True or False, not {value!r}.")
    return found
