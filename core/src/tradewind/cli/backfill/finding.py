"""Finding the backfill that a command names by its id alone."""

from __future__ import annotations

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import Operations
from tradewind.metadata.statements.backfills import Backfill
from tradewind.operations import backfills


def find_backfill(operations: Operations, key: int) -> Backfill:
    """Return a backfill.

    Raises:
        CommandError: there is none of that id.
    """
    found = operations.ask_all(backfills.list_backfills, key=key)
    if not found:
        raise CommandError(
            f"There is no backfill {key}: `tradewind backfill list` shows all.", error_id="no-such-backfill"
        )
    return found[0].backfill
