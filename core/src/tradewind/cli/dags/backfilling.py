"""`tradewind dags backfill`: a backfill in Airflow 2's words."""

from __future__ import annotations

import argparse

from tradewind.cli.backfill.creating import add_shared, make
from tradewind.cli.verbs import Verbs
from tradewind.transitions import backfills


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb, with Airflow 2's options; it waits until the backfill has ended."""
    verb = verbs.add("backfill", create_and_wait, remote=True)
    add_shared(verb)
    verb.add_argument("--rerun-failed-tasks", action="store_true", help="dates whose run failed run again as well")
    verb.add_argument("--reset-dagruns", action="store_true", help="dates whose run has ended run again as well")


def create_and_wait(options: argparse.Namespace) -> int:
    """Have a DAG's runs made over a range of dates, and show progress until they have ended.

    The schedulers make them, so it goes on if this command is ended: `tradewind backfill` lists, pauses and cancels it.
    """
    reprocess = backfills.ENDED if options.reset_dagruns else backfills.NONE
    if options.rerun_failed_tasks and not options.reset_dagruns:
        reprocess = backfills.FAILED
    return make(options, reprocess=reprocess, waits=True)
