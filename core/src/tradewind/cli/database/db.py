"""Create, migrate, clean and check the metadata database."""

from __future__ import annotations

import argparse
import functools
import sys
import time

from sqlalchemy.exc import OperationalError

from tradewind.cli.database import cleaning, shell
from tradewind.cli.errors import CommandError
from tradewind.cli.expected import describe
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata import migrating, schema


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    _configure_migrations(verbs)
    checked = verbs.add("check", check)
    checked.add_argument("--retry", type=int, default=0, metavar="N", help="ask N times more before it fails")
    checked.add_argument("--retry-delay", type=float, default=1.0, metavar="SECONDS", help="between two of them")
    waited = verbs.add("check-migrations", check_migrations)
    waited.add_argument(
        "-t", "--migration-wait-timeout", type=float, default=60.0, metavar="SECONDS", help="how long to wait for them"
    )
    anew = verbs.add("reset", reset)
    add_yes_option(anew)
    anew.add_argument("-s", "--skip-init", action="store_true", help="drop the tables and make no new ones")
    cleaning.configure(verbs)
    shell.configure(verbs)


def _configure_migrations(verbs: Verbs) -> None:
    up, down = verbs.add("migrate", migrate), verbs.add("downgrade", downgrade)
    older = [verbs.add(name, migrate) for name in ("upgrade", "init")]  # Airflow's older names
    for verb in (up, down, *older):
        to = verb.add_mutually_exclusive_group()
        to.add_argument("-r", "--to-revision", "--to", metavar="REVISION", help="the revision to bring the schema to")
        to.add_argument("-n", "--to-version", metavar="RELEASE", help="the release whose schema it shall be")
        start = verb.add_mutually_exclusive_group()
        start.add_argument("--from-revision", metavar="REVISION", help="with --show-sql-only: where the SQL begins")
        start.add_argument("--from-version", metavar="RELEASE", help="the same, by the release")
        verb.add_argument("-s", "--show-sql-only", "--sql", action="store_true", help="print the SQL, change nothing")
        verb.add_argument(
            "--lock-timeout",
            type=float,
            default=migrating.LOCK_TIMEOUT,
            metavar="SECONDS",
            help="how long to wait for a table that another session uses (default: 5)",
        )
    add_yes_option(down)


def migrate(options: argparse.Namespace) -> None:
    """Create the schema, or bring it to this release; safe while the daemons run."""
    with open_session(check=False) as session:
        target = _revision(options.to_revision, options.to_version) or "head"
        if _shows_sql(session, options, target):
            return
        revision = migrating.migrate(
            session.database, target=target, lock_timeout=options.lock_timeout, tell=_tell_progress
        )
        print(f"{_where(session)} is at revision {revision}.")


def downgrade(options: argparse.Namespace) -> None:
    """Take the schema back to an earlier release's; what the later one added is lost."""
    target = _revision(options.to_revision, options.to_version)
    if target is None:
        raise CommandError(
            "Say to which revision: --to-revision REVISION, or --to-version RELEASE.",
            exit_code=2,
            error_id="wrong-usage",
        )
    with open_session(check=False) as session:
        if _shows_sql(session, options, target, down=True):
            return
        question = f"{_where(session)} goes back to revision {target}, and what was added since then is lost."
        confirm(question, yes=options.yes)
        revision = migrating.downgrade(session.database, target=target, lock_timeout=options.lock_timeout)
        print(f"{_where(session)} is at revision {revision or 'base: it has no schema'}.")


def check(options: argparse.Namespace) -> None:
    """Tell whether the database answers and has this release's schema; exit code 1 if not."""
    for left in range(options.retry, -1, -1):
        try:
            with open_session() as session:
                print(f"{_where(session)} is ready.")
                return
        except OperationalError as error:
            if not left:
                raise
            told = describe(error)
            why = told.sentence if told is not None else str(error)
            print(f"{why}; asking again in {options.retry_delay:g} s.", file=sys.stderr)
            time.sleep(options.retry_delay)


def check_migrations(options: argparse.Namespace) -> None:
    """Wait until the schema is this release's; exit code 1 when it is not in time."""
    with open_session(check=False) as session:
        say = functools.partial(print, file=sys.stderr, flush=True)
        schema.await_current(session.database, say, patience=options.migration_wait_timeout)
        print(f"{_where(session)} is at revision {schema.REVISION}.")


def reset(options: argparse.Namespace) -> None:
    """Drop all tables with everything in them, and make empty ones."""
    with open_session(check=False) as session:
        confirm(f"Everything in {_where(session)} is deleted: DAGs, runs, connections, variables.", yes=options.yes)
        migrating.reset(session.database)
        if options.skip_init:
            print(f"{_where(session)} is empty.")
            return
        print(f"{_where(session)} is empty, at revision {migrating.migrate(session.database)}.")


def _shows_sql(session: Session, options: argparse.Namespace, target: str, *, down: bool = False) -> bool:
    given = _revision(options.from_revision, options.from_version)
    if not options.show_sql_only:
        if given:
            raise CommandError(
                "--from-revision and --from-version are for --show-sql-only.", exit_code=2, error_id="wrong-usage"
            )
        return False
    start = given or schema.current_revision(session.database) or "base"
    print(migrating.sql(session.database, start=start, target=target, down=down), end="")
    return True


def _revision(revision: str | None, release: str | None) -> str | None:
    if release is None:
        return revision
    if release not in schema.RELEASES:
        raise CommandError(
            f"There is no release {release!r} here; known: {', '.join(schema.RELEASES)}.",
            exit_code=2,
            error_id="wrong-usage",
        )
    return schema.RELEASES[release]


def _where(session: Session) -> str:
    return session.database.url.render_as_string(hide_password=True)


def _tell_progress(progress: migrating.Progress) -> None:
    print(f"revision {progress.revision}: {progress.rows:,} rows filled", file=sys.stderr, flush=True)
