"""`tradewind db clean`: what is over and older than its retention goes."""

from __future__ import annotations

import argparse
import functools
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import pendulum
from pendulum.parsing.exceptions import ParserError
from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind.cli.confirming import add_yes_option, confirm
from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata import cleaning
from tradewind.metadata.statements import cleaning as statements
from tradewind.plugins.xcoms import open_xcom_storage

# What people call it who know Airflow's tables
ALIASES = {
    "job": "daemon",
    "import_error": "dag_file",
    "serialized_dag": "dag_version",
    "dag_code": "dag_version",
}
WITH_RUN = frozenset({"task_instance", "task_try", "task_fail", "task_reschedule", "rendered_task_instance_fields"})
BATCH = {"dag_run": 100}
STORED = "stored XCom values that nothing refers to"


def configure(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("clean", clean)
    verb.add_argument(
        "--clean-before-timestamp", metavar="WHEN", help="what ended before it goes (default: by [retention])"
    )
    verb.add_argument("-t", "--tables", metavar="A,B", help=f"these only (default: {','.join(statements.TABLES)})")
    verb.add_argument("--dry-run", action="store_true", help="count, and delete nothing")
    add_yes_option(verb)
    verb.add_argument("--batch-size", type=int, metavar="N", help="rows (of runs: runs) in one transaction")
    verb.add_argument(
        "--skip-archive", action="store_true", help="always so: what is deleted is not copied aside first"
    )
    add_output_option(verb)


def clean(options: argparse.Namespace) -> None:
    """Delete what is over: ended runs with all that is theirs, old XComs, unused versions, ended daemons, gone files.

    Never touched: a run that has not ended, and the last scheduled run of each DAG.
    """
    with open_session() as session:
        limits = _limits(session, options)
        with session.database.read() as conn:
            counts = {table: statements.count(conn, table, before) for table, before in limits.items()}
        storage = open_xcom_storage(session.config.plugins.xcom_storage, session.config.plugins.xcom_location)
        if options.dry_run:
            rows: list[dict[str, Any]] = [
                {"table": table, "before": limits[table], "rows": doomed, "of": there}
                for table, (doomed, there) in counts.items()
            ]
            orphans = cleaning.sweep(session.database, storage, dry_run=True)
            rows.append({"table": STORED, "before": None, "rows": orphans, "of": None})
            print_rows(rows, options.output)
            return
        doomed = ", ".join(f"{rows} of {there} rows of {table}" for table, (rows, there) in counts.items())
        confirm(f"{doomed} are deleted.", yes=options.yes)
        deleted = {table: _clean(session, table, before, storage, options) for table, before in limits.items()}
        deleted[STORED] = cleaning.sweep(session.database, storage)
        print_rows([{"table": table, "deleted": rows} for table, rows in deleted.items()], options.output)


def _clean(
    session: Session, table: str, before: datetime, storage: XComStorage, options: argparse.Namespace
) -> int | None:
    batch = options.batch_size or BATCH.get(table, 1000)
    tell = functools.partial(_tell, table)
    return cleaning.clean(session.database, table, before, storage=storage, batch=batch, tell=tell)


def _tell(table: str, rows: int) -> None:
    print(f"{table}: {rows:,} deleted", file=sys.stderr, flush=True)


def _limits(session: Session, options: argparse.Namespace) -> dict[str, datetime]:
    """Return for each table the moment before which its rows go."""
    wanted = [_table(name.strip()) for name in options.tables.split(",")] if options.tables else list(statements.TABLES)
    if options.clean_before_timestamp:
        before = _moment(options.clean_before_timestamp)
        return dict.fromkeys(wanted, before)
    now = datetime.now(timezone.utc)
    days = {table: float(getattr(session.config.retention, table)) for table in wanted}
    limits = {table: now - timedelta(days=each) for table, each in days.items() if each > 0}
    if not limits:
        raise CommandError(
            "Say what is old: --clean-before-timestamp WHEN, or set days in the section [retention] of the configuration, "
            "such as retention.dag_run = 90.",
            exit_code=2,
            error_id="wrong-usage",
        )
    return limits


def _table(name: str) -> str:
    if name in WITH_RUN:
        raise CommandError(
            f"Rows of {name} go with their runs: name the table dag_run.", exit_code=2, error_id="wrong-usage"
        )
    table = ALIASES.get(name, name)
    if table not in statements.TABLES:
        known = ", ".join(statements.TABLES)
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
