"""What plugins add to Airflow's modules: `airflow.operators.<plugin>`, `airflow.macros.<plugin>`, `airflow.hooks.Name`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tradewind_airflow_names.own.plugins_manager import KINDS, plugins


def plugin_of_module(module: str) -> tuple[str, str] | None:
    """Return kind and plugin of a path such as `airflow.operators.my_plugin`; None for a path of another form."""
    parts = module.split(".")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[1] in KINDS else None


def names_of_module(module: str) -> dict[str, Any] | None:
    """Return what a plugin gives under a path such as `airflow.operators.my_plugin`.

    Raises:
        ImportError: there is no such plugin, and one that could not be loaded may be it.
    """
    asked = plugin_of_module(module)
    if asked is None:
        return None
    found: dict[str, Any] | None = _or_complain(module, plugins().names_of(*asked))
    return found


def name_of_kind(module: str, name: str) -> Any:
    """Return what any plugin gives as `airflow.operators.Name`, for `airflow.operators` and its like; None for any other module.

    Raises:
        ImportError: there is nothing of that name, and a plugin that could not be loaded may have it.
    """
    kind = module.removeprefix("airflow.")
    if kind not in KINDS:
        return None
    return _or_complain(f"{module}.{name}", plugins().find(kind, name))


def macros_of(plugin: str) -> Any:
    """Return the macros of a plugin, as `macros.<plugin>` in templates; None where there is no such plugin.

    Raises:
        ImportError: there is none, and a plugin that could not be loaded may be it.
    """
    found = _or_complain(f"macros.{plugin}", plugins().names_of("macros", plugin))
    return None if found is None else SimpleNamespace(**found)


def _or_complain(asked: str, found: Any) -> Any:
    complaint = plugins().complaint() if found is None else None
    if complaint is not None:
        raise ImportError(f"{asked} is not there, and {complaint}")
    return found
