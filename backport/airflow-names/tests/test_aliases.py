"""Airflow's old and new paths of what installed providers have lead to what they say."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

import pytest
from tradewind_airflow_names.finder import install, uninstall
from tradewind_plugins.declarations import AirflowAlias


def declared() -> dict[str, list[AirflowAlias]]:
    """Return by plugin the aliases that it declares."""
    plugins = {each.name: each.load() for each in entry_points(group="tradewind")}
    found = {name: getattr(plugin, "tradewind_airflow_aliases", list)() for name, plugin in plugins.items()}
    return {name: aliases for name, aliases in found.items() if aliases}


ALIASES = declared()


@pytest.fixture
def installed() -> Iterator[None]:
    """Airflow's names with those of all providers; as it was before afterwards."""
    uninstall()
    install([each for aliases in ALIASES.values() for each in aliases])
    yield
    uninstall()


def value(path: str) -> Any:
    """Return what stands at a path; an old one warns, which is tested in test_finder.py."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module, _, name = path.replace(":", ".").rpartition(".")
        return getattr(importlib.import_module(module), name)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("plugin", sorted(ALIASES))
def test_each_path_leads_to_its_class(plugin: str) -> None:
    for alias in ALIASES[plugin]:
        if ":" not in alias.name:
            assert importlib.import_module(alias.name)
            continue
        assert value(alias.name) is value(alias.path)
        if alias.instead:
            # A class that was renamed may be a thin one of the old name, below the new one
            assert issubclass(value(alias.path), value(alias.instead)), f"{alias.name} says to import {alias.instead}"
