"""What commands share: the configuration and the database, opened once and closed at the end."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from tradewind.cli.errors import CommandError
from tradewind.cli.verbosity import STATEMENTS
from tradewind.config import Config, Loaded, load
from tradewind.metadata import dialects, engine, schema
from tradewind.metadata.engine import Database
from tradewind.metadata.patience import Patience
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.plugins.behaviour import listened_states
from tradewind.plugins.secrets import SecretsChain, configured_secrets


@dataclass(frozen=True)
class Session:
    """An open database with its configuration."""

    loaded: Loaded
    database: Database

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.loaded.config

    @property
    def cipher(self) -> Cipher:
        """What encrypts connections and variables."""
        return open_cipher(self.config.security.fernet_key, self.config.home)

    @property
    def secrets(self) -> SecretsChain:
        """What is asked for connections and variables before the database."""
        return configured_secrets(self.config.plugins)


@contextmanager
def open_session(
    *,
    overrides: Mapping[tuple[str, str], Any] | None = None,
    check: bool = True,
    changes_states: bool = False,
    is_daemon: bool = False,
) -> Iterator[Session]:
    """Open the configuration and the database until the block ends.

    Arguments:
        overrides: values by (section, key) given on the command line.
        check: refuse a database whose schema is not this release's.
        changes_states: what is done may end a run or a task, and listeners are to hear of it.
        is_daemon: wait for a migration that is still to be run, instead of refusing the schema; and never wait for the
            database without end.
    Raises:
        ConfigError, SchemaError, CommandError: with one sentence that says what mends it.
    """
    loaded = load(overrides=overrides)
    if check:
        _require_file(loaded.config)
    database = open_database(
        loaded.config,
        listened=listened_states() if changes_states else (),
        patience=Patience.of(loaded.config.database, loaded.config.leases) if is_daemon else None,
    )
    _say_statements(database)
    try:
        if is_daemon:
            schema.await_current(database, functools.partial(print, file=sys.stderr, flush=True))
        elif check:
            schema.require_current(database)
        yield Session(loaded, database)
    finally:
        database.dispose()


def _say_statements(database: Database) -> None:
    """With `-v`, print each statement with the milliseconds that it took; values are left out, as some are secrets."""
    logger = logging.getLogger(STATEMENTS)
    if not logger.isEnabledFor(logging.DEBUG):
        return

    def begin(connection: sa.Connection, *_rest: object) -> None:
        connection.info["begun"] = time.perf_counter()

    def end(connection: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
        milliseconds = (time.perf_counter() - connection.info["begun"]) * 1000
        logger.debug("%6.1f ms  %s", milliseconds, " ".join(statement.split()))

    sa.event.listen(database.engine, "before_cursor_execute", begin)
    sa.event.listen(database.engine, "after_cursor_execute", end)


def _require_file(config: Config) -> None:
    """Refuse an SQLite database that is not there: to connect would make an empty file, which then seems to be one.

    Raises:
        CommandError: saying which command makes it.
    """
    kind, _, rest = config.database.url.partition(":///")
    path = rest.partition("?")[0]
    if kind.partition("+")[0] == "sqlite" and path and path != ":memory:" and not Path(path).exists():
        raise CommandError(
            f"There is no database yet at {Path(path).absolute()}: run `tradewind db migrate` or `tradewind standalone`, or set "
            "TRADEWIND_HOME or database.url to where one is.",
            error_id="database-missing",
        )


def open_database(
    config: Config,
    *,
    pool_size: int | None = None,
    listened: Collection[str] = (),
    patience: Patience | None = None,
) -> Database:
    """Return the metadata database of the configuration; nothing connects to it yet.

    Arguments:
        pool_size: connections kept at most; by default `database.pool_size`.
        listened: hooks of state changes that somebody implements.
        patience: how long a daemon waits for the server; None waits without end.
    Raises:
        CommandError: there can be no such database here, with the way out.
    """
    kind = config.database.url.partition(":")[0].partition("+")[0]
    if kind not in dialects.DRIVERS:
        raise CommandError(
            "database.url names a kind of database that Tradewind does not run on: begin it with "
            "sqlite:/// and a file, or with postgresql://user:password@host/name or mariadb://user:password@host/name.",
            error_id="database-url",
        )
    driver = config.database.url.partition(":")[0].partition("+")[2]
    if kind.startswith("postgres") and driver not in {"", "psycopg"}:  # whether it is installed or not
        raise _strange_driver(driver, kind)
    try:
        return engine.open_database(config.database, pool_size=pool_size, listened=listened, patience=patience)
    except (ArgumentError, ValueError) as error:
        raise CommandError(
            "database.url is no URL: write sqlite:///file, or postgresql://user:password@host/name with characters "
            "such as @ in the password as %40.",
            error_id="database-url",
        ) from error
    except ModuleNotFoundError as error:
        if driver and error.name == driver:
            raise _strange_driver(driver, kind) from error
        raise CommandError(
            f"database.url needs the package {error.name!r}, which is not installed: "
            f'pip install "tradewind[{dialects.DRIVERS[kind][1]}]".',
            error_id="database-driver",
        ) from error
    except OSError as error:
        raise CommandError(
            f"The folder of the SQLite database cannot be made: {error.strerror}: {error.filename}. Set TRADEWIND_HOME "
            "to a folder that can be written to, or database.url.",
            error_id="file-unwritable",
        ) from error


def _strange_driver(driver: str, kind: str) -> CommandError:
    return CommandError(
        f"database.url asks for the driver {driver!r}, which Tradewind cannot use here: leave it out and write {kind}://, "
        "which takes the driver that it is tested with.",
        error_id="database-driver",
    )
