"""Making and migrating the schema, and asking whether it is the one this release expects."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import pools

MIGRATIONS = Path(__file__).parent / "migrations"
DEFAULT_POOL_SLOTS = 128


class SchemaError(RuntimeError):
    """The database's schema is not the one that this release expects."""


def migrate(database: Database, *, target: str = "head") -> str:
    """Bring the schema to `target` and make sure that the default pool exists.

    Arguments:
        database: the metadata database; empty, or at an earlier revision.
        target: an Alembic revision; `head` is this release's.
    Returns:
        the revision the database now has.
    """
    settings = alembic_settings()
    with database.engine.connect() as connection, connection.begin():
        _lock_against_other_migrations(connection)
        settings.attributes["connection"] = connection
        command.upgrade(settings, target)
        pools.ensure_default(connection, slots=DEFAULT_POOL_SLOTS)
        return MigrationContext.configure(connection).get_current_revision() or ""


def require_current(database: Database) -> None:
    """Return if the schema is this release's.

    Raises:
        SchemaError: when it is missing or at another revision, saying which command mends it.
    """
    expected = ScriptDirectory.from_config(alembic_settings()).get_current_head()
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found == expected:
        return
    where = database.url.render_as_string(hide_password=True)
    has = f"is at revision {found}" if found else "has no schema yet"
    raise SchemaError(
        f"The metadata database {where} {has}, and this release needs revision {expected}: run `tradewind db migrate`."
    )


def alembic_settings() -> AlembicConfig:
    """Return Alembic's configuration: our migrations, no ini file."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("path_separator", "os")
    return settings


def _lock_against_other_migrations(connection: sa.Connection) -> None:
    """Two processes that migrate at once would both create the tables; the second waits here, then finds nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7303015)")
