"""`tradewind dags rename`: another id for a DAG, and for all that it has done."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import cast

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.moving_logs import move_logs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.renaming import Renamed, UnfinishedError, rename_dag
from tradewind.metadata.statements import listings
from tradewind.operations.dags.dependencies import DAG, Node, dependencies
from tradewind.scheduling.due_runs import go_on_behind_history
from tradewind.serialization import SerializedDag
from tradewind.transitions.loading import open_graphs


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("rename", run_rename)
    verb.add_argument("old_dag_id")
    verb.add_argument("new_dag_id")
    add_yes_option(verb)


def run_rename(options: argparse.Namespace) -> None:
    """Give a DAG another id, with its runs, versions, XComs, holds and logs.

    Its file is to say the new id: before this, or right after it. Refused while a run or a backfill of it has not ended, and where
    the new id has runs of its own. Runs from before cannot run again, as their code knows the old name.
    """
    old, new = options.old_dag_id, options.new_dag_id
    with open_session() as session:
        with session.database.read() as connection:
            row = find_dag(connection, old)
        confirm(f"{old} and its history are to be called {new}.", yes=options.yes)
        try:
            done = session.database.write(lambda c: _rename(session, c, old, new))
        except UnfinishedError as error:
            raise CommandError(str(error), error_id="task-running") from error
        with closing(open_log_store(session.config)) as store:
            logs = move_logs(session.database, store, old, new)
        wake_schedulers(session)
        with session.database.read() as connection:
            others = _who_names(session, connection, old)
    print(f"{old} is called {new}: {done.runs} runs, {logs} logs.")
    if not done.was_there:
        print(f"Write {new!r} for {old!r} in {row.path} now: the DAG goes on when that is read.", file=sys.stderr)
    if others:
        print(f"These DAGs still name {old!r}: {', '.join(others)}.", file=sys.stderr)


def _rename(session: Session, connection: sa.Connection, old: str, new: str) -> Renamed:
    done = rename_dag(connection, old, new)
    if done.was_there:
        graphs = open_graphs(session.config.plugins.codec)
        go_on_behind_history(connection, new, graphs=graphs, clock=SystemClock())
    return done


def _who_names(session: Session, connection: sa.Connection, dag_id: str) -> list[str]:
    """Return the DAGs that trigger, await or clear a DAG of this id."""
    graphs = open_graphs(session.config.plugins.codec)
    dags = [cast(SerializedDag, graphs.get(connection, row.version_id)) for row in listings.list_dags(connection)]
    named = Node(DAG, dag_id)
    return sorted(
        dag.dag_id
        for dag in dags
        if dag.dag_id != dag_id and any(named in {edge.before, edge.after} for edge in dependencies(dag))
    )
