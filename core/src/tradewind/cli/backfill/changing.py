"""The verbs of `tradewind backfill` that change one: pause it, let it go on, end it."""

from __future__ import annotations

import argparse

from tradewind_plugins.exceptions import TradewindException

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.session import open_session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.transitions import backfills


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    for verb, run in (("pause", pause), ("unpause", unpause), ("cancel", cancel)):
        change = verbs.add(verb, run)
        change.add_argument("backfill_id", type=int)


def pause(options: argparse.Namespace) -> None:
    """Make no further runs of a backfill; those under way go on."""
    _change(options.backfill_id, "paused")


def unpause(options: argparse.Namespace) -> None:
    """Let a paused backfill go on."""
    _change(options.backfill_id, "running")


def cancel(options: argparse.Namespace) -> None:
    """End a backfill: dates that have no run yet get none; runs under way go on."""
    _change(options.backfill_id, "cancelled")


def _change(key: int, state: str) -> None:
    with open_session(changes_states=True) as session:
        try:
            session.database.write(lambda c: backfills.change(c, key, state, clock=SystemClock()))
        except LookupError as error:
            raise CommandError(str(error), error_id="no-such-backfill") from error
        except TradewindException as error:
            raise CommandError(str(error), error_id="backfill-ended") from error
        wake_schedulers(session)
    print(f"Backfill {key} is {state}.")
