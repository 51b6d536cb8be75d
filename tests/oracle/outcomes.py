"""Comparing two outcomes of a run: states of the run and its tasks, numbers of tries, XComs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oracle.structure import MISSING, Difference

Outcome = Mapping[str, Any]


def differences(dag_id: str, recorded: Outcome, ours: Outcome) -> list[Difference]:
    """Return all that differs between two outcomes of a DAG's run, as `airflow_runs.py` and `replaying.py` give them."""
    return list(_all(dag_id, recorded, ours))


def _all(dag_id: str, recorded: Outcome, ours: Outcome) -> Iterator[Difference]:
    if recorded["state"] != ours["state"]:
        yield Difference(dag_id, "dag", "state", recorded["state"], ours["state"])
    for name in sorted({*recorded["tasks"], *ours["tasks"]}):
        there, here = (side["tasks"].get(name, (MISSING, 0)) for side in (recorded, ours))
        for field, one, other in zip(("state", "tries"), there, here, strict=True):
            if one != other:
                yield Difference(dag_id, f"task {name}", field, one, other)
    for name in sorted({*recorded["xcoms"], *ours["xcoms"]}):
        one, other = (side["xcoms"].get(name, MISSING) for side in (recorded, ours))
        if one != other:
            yield Difference(dag_id, f"xcom {name}", "xcom", one, other)
