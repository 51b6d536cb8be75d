"""What a run of the simulation says of itself: how many interleavings there were, and how often each fault really struck."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulation.calling import FAILED, LOST_AFTER, LOST_BEFORE
from simulation.checker import SERVED_IN_ORDER, WOKEN
from simulation.jobs import Tally
from simulation.scenario import FAULTS
from simulation.schedulers import CONSERVING

COUNTED = (
    *FAULTS,
    LOST_BEFORE,
    LOST_AFTER,
    FAILED,
    "hold",
    "drain",
    "failure that stops",
    "stopped by a failure",
    "group expanded",
    "clear across DAGs",
    "check: markers lead where the rows say",
    "backfill",
    "backfill changed",
    "run timed out",
    "DAG paused itself",
    "child run",
    "mark",
    "priority",
    "watcher claimed",
    "watcher event",
    "watcher event again",
    "rename",
    "rename before its file",
    "rename refused",
    "cleaned: dag_run",
    "cleaned: asset_event",
    "lock wait",
    "killed in isolation",
    CONSERVING,
    SERVED_IN_ORDER,
    WOKEN,
)
"""What is counted when it strikes: the faults that seeds switch on, what follows of them, and the checks
that can be made in some moments only."""
RARE = (
    "triggerer lost",
    "watcher taken over",
    "check: no date is lost by a rename",
    *(f"cleaned: {table}" for table in ("xcom", "daemon", "dag_version", "backfill")),
)
"""What is counted too, and may be missing where few seeds are played."""


def never_fired(tally: Tally) -> list[str]:
    """Return the faults that never struck."""
    return [fault for fault in COUNTED if not tally.fired[fault]]


def as_values(tally: Tally, seconds: float, mutants: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a run as JSON can hold it."""
    count = sum(tally.seeds.values())
    return {
        "seeds": dict(tally.seeds),
        "seconds": round(seconds, 1),
        "seeds_per_second": round(count / seconds, 2) if seconds else None,
        "statements": tally.statements,
        "interleavings": {kind: len(orders) for kind, orders in sorted(tally.orders.items())},
        "hand_overs": len(tally.hand_overs),
        "fired": {fault: tally.fired[fault] for fault in (*COUNTED, *RARE)},
        "failing": [[kind, failure.scenario.seed, failure.text] for kind, failure in tally.failures],
        **({"mutants": dict(mutants)} if mutants is not None else {}),
    }


def as_text(tally: Tally, seconds: float) -> str:
    """Return a run in lines for people."""
    values = as_values(tally, seconds)
    where = ", ".join(f"{count:,} on {kind}" for kind, count in sorted(tally.seeds.items()))
    orders = ", ".join(f"{count:,} on {kind}" for kind, count in values["interleavings"].items())
    lines = [
        f"{sum(tally.seeds.values()):,} seeds ({where}) in {seconds:.0f} s: {values['seeds_per_second']} a second",
        (
            f"distinct interleavings: {orders}; {tally.statements:,} statements, and {len(tally.hand_overs):,} different "
            "pairs of them between which the baton changed hands"
        ),
        "how often each fault struck:",
        *(f"  {fault:<42}{tally.fired[fault]:>9,}" for fault in (*COUNTED, *RARE)),
    ]
    return "\n".join(lines)


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Write a run as JSON."""
    path.write_text(json.dumps(values, indent=2) + "\n")
