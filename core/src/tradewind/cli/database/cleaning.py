"""`tradewind db clean`: what is over and older than its retention goes."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pendulum
import sqlalchemy as sa
from pendulum.parsing.exceptions import ParserError
from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.config.retention import before, configured_limits
from tradewind.execution.left_logs import left_logs
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.logs import FileLogStore
from tradewind.metadata import cleaning
from tradewind.metadata.statements import cleaning as statements
from tradewind.metadata.statements.retention import Limits, next_dag
from tradewind.plugins.named_xcoms import open_xcom_storages

# What people call it who know Airflow's tables
ALIASES = {
    "job": "daemon",
    "import_error": "dag_file",
    "serialized_dag": "dag_version",
    "dag_code": "dag_version",
}
WITH_RUN = frozenset({"task_instance", "task_try", "task_fail", "task_reschedule", "rendered_task_instance_fields"})
BATCH = {"dag_run": 100}
LOGS = "task_log"
STORED = "stored XCom values that nothing refers to"


def configure(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("clean", clean)
    verb.add_argument(
        "--clean-before-timestamp", metavar="WHEN", help="what ended before it goes (default: by [retention])"
    )
    verb.add_argument(
        "-t", "--tables", metavar="A,B", help=f"these only (default: {','.join(statements.TABLES)}; also {LOGS})"
    )
    verb.add_argument("--dry-run", action="store_true", help="count, and delete nothing")
    add_yes_option(verb)
    verb.add_argument("--batch-size", type=int, metavar="N", help="rows (of runs: runs) in one transaction")
    verb.add_argument(
        "--skip-archive", action="store_true", help="always so: what is deleted is not copied aside first"
    )
    add_output_option(verb)


def clean(options: argparse.Namespace) -> None:
    """Delete what is over: ended runs with all that is theirs, old XComs, unused versions, ended daemons, gone files.

    Never touched: a run that has not ended, the last runs of each DAG, and those that open runs, backfills or holds need.
    """
    with open_session() as session:
        limits = _limits(session, options)
        with session.database.read() as conn:
            counts = {table: _count(session, conn, table, each) for table, each in limits.items()}
        storage = open_xcom_storages(session.config)
        if options.dry_run:
            rows: list[dict[str, Any]] = [
                {"table": table, "before": _before(limits[table]), "rows": doomed, "of": there}
                for table, (doomed, there) in counts.items()
            ]
            orphans = cleaning.sweep(session.database, storage, dry_run=True)
            rows.append({"table": STORED, "before": None, "rows": orphans, "of": None})
            print_rows(rows, options.output)
            return
        doomed = ", ".join(f"{rows} of {there} rows of {table}" for table, (rows, there) in counts.items())
        confirm(f"{doomed} are deleted.", yes=options.yes)
        deleted: dict[str, int | None] = {}
        for table, each in limits.items():
            deleted[table] = _clean(session, table, each, storage, options)
        deleted[STORED] = cleaning.sweep(session.database, storage)
        print_rows([{"table": table, "deleted": rows} for table, rows in deleted.items()], options.output)


def _clean(
    session: Session, table: str, limits: Sequence[Limits], storage: XComStorage, options: argparse.Namespace
) -> int:
    if table == LOGS:
        store = _log_folder(session)
        return sum(store.delete(prefix) for _, prefix in left_logs(session.database, store, _written(limits)))
    batch = options.batch_size or BATCH.get(table, 1000)
    tell = functools.partial(_tell, table)
    return cleaning.clean(session.database, table, limits, storage=storage, batch=batch, tell=tell)


def _tell(table: str, rows: int) -> None:
    print(f"{table}: {rows:,} deleted", file=sys.stderr, flush=True)


def _count(session: Session, conn: sa.Connection, table: str, limits: Sequence[Limits]) -> tuple[int, int]:
    if table == LOGS:
        store = _log_folder(session)
        found = [prefix for _, prefix in left_logs(session.database, store, _written(limits))]
        keys = store.keys()
        return sum(key.startswith(tuple(found)) for key in keys), len(keys)
    counted = [statements.count(conn, table, each) for each in limits]
    return sum(doomed for doomed, _ in counted), max((there for _, there in counted), default=0)


def _log_folder(session: Session) -> FileLogStore:
    store = open_log_store(session.config)
    if not isinstance(store, FileLogStore):
        name = session.config.logs.store
        raise CommandError(f"The log store {name!r} is no folder to search.", exit_code=2, error_id="wrong-usage")
    return store


def _written(limits: Sequence[Limits]) -> float:
    return limits[0].before.timestamp()


def _before(limits: Sequence[Limits]) -> datetime | None:
    """Return the moment before which rows go, None where DAGs have different ones."""
    moments = {each.before for each in limits}
    return moments.pop() if len(moments) == 1 else None


def _limits(session: Session, options: argparse.Namespace) -> dict[str, list[Limits]]:
    """Return for each table which rows go."""
    named = options.tables.split(",") if options.tables else statements.TABLES
    wanted = [_table(name.strip()) for name in named]
    if options.clean_before_timestamp:
        moment = _moment(options.clean_before_timestamp)
        return {table: [Limits(moment)] for table in wanted}
    now = datetime.now(timezone.utc)
    limits = {table: _configured(session, table, now) for table in wanted}
    if not any(limits.values()):
        raise CommandError(
            "Say what is old: --clean-before-timestamp WHEN, or set days in the section [retention] of the configuration, "
            "such as retention.dag_run = 90.",
            exit_code=2,
            error_id="wrong-usage",
        )
    return {table: each for table, each in limits.items() if each}


def _configured(session: Session, table: str, now: datetime) -> list[Limits]:
    section = session.config.retention
    days = float(getattr(section, table))
    by_dag = configured_limits(section)
    if table != "dag_run" or not (section.keep_runs or section.dags):
        return [Limits(before(now, days))] if days > 0 else []
    found = []
    dag_id: str | None = ""
    with session.database.read() as conn:
        while dag_id is not None and (dag_id := next_dag(conn, dag_id)) is not None:
            of_dag = by_dag.of(dag_id)
            if not of_dag.is_for_ever:
                found.append(Limits(before(now, of_dag.keep_days), dag_id, of_dag.keep_runs))
    return found


def _table(name: str) -> str:
    if name in WITH_RUN:
        raise CommandError(
            f"Rows of {name} go with their runs: name the table dag_run.", exit_code=2, error_id="wrong-usage"
        )
    table = ALIASES.get(name, name)
    if table not in (*statements.TABLES, LOGS):
        known = ", ".join((*statements.TABLES, LOGS))
        raise CommandError(
            f"There is no table {name!r} to clean; there are {known}.", exit_code=2, error_id="wrong-usage"
        )
    return table


def _moment(text: str) -> datetime:
    try:
        found: Any = pendulum.parse(text, tz="UTC")
    except ParserError as error:
        raise CommandError(
            f"{text!r} is no date or time: write 2026-01-31 or 2026-01-31T12:00+00:00.",
            exit_code=2,
            error_id="wrong-usage",
        ) from error
    if not isinstance(found, datetime):
        raise CommandError(
            f"{text!r} is no moment: write 2026-01-31 or 2026-01-31T12:00+00:00.", exit_code=2, error_id="wrong-usage"
        )
    # A plain one: SQLAlchemy's type computes with it
    return datetime.fromisoformat(found.isoformat())
