"""Comparing two structures of one DAG: the recorded one of Apache Airflow, and ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("tasks", "groups")
MISSING = "<missing>"


@dataclass(frozen=True)
class Difference:
    """One thing in which two structures of a DAG differ.

    Arguments:
        where: `task extract`, `group g`, `run 3` (the third of the next ones), or `dag`.
        field: the field there; `task`, `group` or `run` where the whole thing is on one side only.
        recorded, ours: the two values as JSON has them; `<missing>` where a side has none.
    """

    dag_id: str
    where: str
    field: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        return f"{self.dag_id}: {self.where}: {self.field}: {self.recorded!r} there, {self.ours!r} here"


def differences(recorded_dag: Mapping[str, Any], our_dag: Mapping[str, Any]) -> list[Difference]:
    """Return all that differs between two structures of a DAG, as the structure recorders print them."""
    return list(_all(recorded_dag["dag_id"], recorded_dag, our_dag))


def _all(dag_id: str, recorded: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Difference]:
    whole = [name for name in sorted({*recorded, *ours}) if name not in (*PARTS, "runs")]
    yield from _of_fields(dag_id, "dag", recorded, ours, whole)
    for part in PARTS:
        kind = part.removesuffix("s")
        there, here = recorded[part], ours[part]
        for name in sorted({*there, *here}):
            where = f"{kind} {name}"
            if name not in there or name not in here:
                yield Difference(dag_id, where, kind, _presence(name in there), _presence(name in here))
            else:
                yield from _of_fields(dag_id, where, there[name], here[name], sorted({*there[name], *here[name]}))
    yield from _of_runs(dag_id, recorded["runs"], ours["runs"])


def _presence(is_there: bool) -> str:
    return "<there>" if is_there else MISSING


def _of_fields(
    dag_id: str, where: str, recorded: Mapping[str, Any], ours: Mapping[str, Any], names: list[str]
) -> Iterator[Difference]:
    for name in names:
        there, here = recorded.get(name, MISSING), ours.get(name, MISSING)
        if there != here:
            yield Difference(dag_id, where, name, there, here)


def _of_runs(dag_id: str, recorded: list[Any], ours: list[Any]) -> Iterator[Difference]:
    """Yield the first of the next runs that differs: those after it follow from it."""
    for number in range(max(len(recorded), len(ours))):
        there = recorded[number] if number < len(recorded) else MISSING
        here = ours[number] if number < len(ours) else MISSING
        if there != here:
            yield Difference(dag_id, f"run {number + 1}", "run", there, here)
            return
