"""`tradewind tasks failed-deps`: why a task does not run, in Airflow's words."""

from __future__ import annotations

from tradewind.cli.commands.why import add_map_index, why
from tradewind.cli.shared.output import add_output_option
from tradewind.cli.verbs import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("failed-deps", why, remote=True)
    verb.add_argument("dag_id")
    verb.add_argument("task_id")
    verb.add_argument("run_id", metavar="EXECUTION_DATE_OR_RUN_ID", help="the run's id, or its logical date")
    add_map_index(verb)
    add_output_option(verb)
