"""What each class of a provider is on Airflow 1.10: full, partial or absent, and why."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tradewind_testing.suites.operator import arguments_of

from distributions.airflow_1_10 import is_there, places
from distributions.facts import Provider, Row
from distributions.found import package_of

STATES = FULL, PARTIAL, ABSENT = "full", "partial", "absent"
NO_TRIGGERER = "Airflow 1.10 has no triggerer"
ITS_OWN = "it can be imported and used; Airflow 1.10 asks its own"
BY_KIND = {
    "trigger": (ABSENT, NO_TRIGGERER),
    "executor": (ABSENT, "Airflow 1.10 has its own executors"),
    "log store": (PARTIAL, ITS_OWN),
    "secrets backend": (PARTIAL, ITS_OWN),
    "XCom storage": (PARTIAL, ITS_OWN),
    "notifier": (PARTIAL, "it can be called in a callback; Airflow 1.10 delivers it once, in the task's process"),
}
NO_PLACE = "Airflow 1.10 has no place for it"
ANYWHERE = {"operator", "sensor", "hook"}
OF_PACKAGES = {
    "hooks": "hook",
    "operators": "operator",
    "transfers": "operator",
    "sensors": "sensor",
    "triggers": "trigger",
    "secrets": "secrets backend",
    "notifications": "notifier",
    "executors": "executor",
}
"""The kinds of what a manifest names and no plugin module declares, by the package that it is in."""
PLAIN = {"Airflow alias", "connection type"}


class Class(NamedTuple):
    """A class of a provider on Airflow 1.10.

    Arguments:
        path: `package.module:Name`.
        kind: such as operator or hook.
        state: full, partial or absent.
        why: what is missing and why; empty where it is full.
        moved: where Airflow 1.10 has it; empty where it is new.
    """

    path: str
    kind: str
    state: str
    why: str
    moved: str


def classes_of(provider: Provider) -> list[Class]:
    """Return all classes that a provider declares, or that its manifest has as done, by kind and path.

    Raises:
        ValueError: its manifest says of one something else than `partial: why` or `absent: why`.
    """
    package = f"{package_of(provider.folder)}."
    kinds = {each.path: kind for kind, many in provider.declared.items() if kind not in PLAIN for each in many}
    kinds |= {each.path: "hook" for each in provider.of_kind("connection type")}
    for row in provider.rows:
        if ":" in row.done and row.done.startswith(package):
            kinds.setdefault(row.done, _kind_of(row.done))
    moved = _old_places(provider)
    found = []
    for path, kind in kinds.items():
        state, why = _state(provider.rows, path, kind)
        found.append(Class(path, kind, state, why, moved.get(path) or places().get(path.partition(":")[2], "")))
    return sorted(found, key=lambda each: (each.kind, each.path))


def _old_places(provider: Provider) -> dict[str, str]:
    """Return where Airflow 1.10 has a provider's classes under a name that it declares as an alias of Airflow's."""
    found: dict[str, str] = {}
    for each in provider.of_kind("Airflow alias"):
        old = each.name.replace(":", ".")
        if is_there(old):
            found.setdefault(each.path, old)
    return found


def absent_of(provider: Provider) -> Mapping[str, list[str]]:
    """Return Airflow's classes that a provider does not have on any host, by the reason."""
    found: dict[str, list[str]] = {}
    for row in provider.rows:
        if row.deferred:
            found.setdefault(row.deferred, []).append(row.airflow)
    return found


def _kind_of(path: str) -> str:
    parts = path.partition(":")[0].split(".")
    return next((OF_PACKAGES[part] for part in parts if part in OF_PACKAGES), "class")


def _state(rows: Sequence[Row], path: str, kind: str) -> tuple[str, str]:
    told = next((row.on_airflow_1_10 for row in rows if row.done == path and row.on_airflow_1_10), "")
    if told:
        state, _, why = told.partition(": ")
        if state not in {PARTIAL, ABSENT} or not why:
            raise ValueError(f"on_airflow_1_10 of {path} is {told!r}: write 'partial: why' or 'absent: why'")
        return state, why
    if kind in BY_KIND:
        return BY_KIND[kind]
    if kind in {"operator", "sensor"}:
        module, _, name = path.partition(":")
        if "deferrable" in arguments_of(getattr(importlib.import_module(module), name)):
            return PARTIAL, f"no `deferrable=True`: {NO_TRIGGERER}"
    return (FULL, "") if kind in ANYWHERE or kind == "class" else (ABSENT, NO_PLACE)
