"""What a start message says of a callback, made from its row; apart from `callback_run`, whose process knows no database."""

from __future__ import annotations

from typing import Any

from tradewind.execution.instants import microseconds
from tradewind.metadata.statements.callbacks import OwedCallback


def callback_fields(owed: OwedCallback) -> dict[str, Any]:
    """Return what a start message says of a callback."""
    return {
        **owed.details,
        "id": owed.id,
        "token": owed.token,
        "attempt": owed.attempts,
        "kind": owed.kind,
        "is_run": owed.task_id is None,
        "state": owed.state,
        "done": list(owed.done),
        "host": owed.host or "",
        "happened_at": microseconds(owed.happened_at),
        "run_ended_at": microseconds(owed.run_ended_at),
    }
