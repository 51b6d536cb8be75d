"""Making and migrating the schema with Alembic, for `db migrate`, `standalone` and tests.

Apart from `tradewind.metadata.schema`, which every process asks at its start: importing Alembic takes as long as SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext

from tradewind.metadata import dialects
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import pools

MIGRATIONS = Path(__file__).parent / "migrations"
DEFAULT_POOL_SLOTS = 128
LOCK_NUMBER = 7303015
LOCK_PATIENCE = 600  # seconds


def migrate(database: Database, *, target: str = "head") -> str:
    """Bring the schema to `target` and make sure that the default pool exists.

    Arguments:
        database: the metadata database; empty, or at an earlier revision.
        target: an Alembic revision; `head` is this release's.
    Returns:
        the revision the database now has.
    """
    settings = alembic_settings()
    with database.engine.connect() as connection, alone(connection):
        settings.attributes["connection"] = connection
        command.upgrade(settings, target)
        pools.ensure_default(connection, slots=DEFAULT_POOL_SLOTS)
        return MigrationContext.configure(connection).get_current_revision() or ""


def alembic_settings() -> AlembicConfig:
    """Return Alembic's configuration: our migrations, no ini file."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.set_main_option("path_separator", "os")
    return settings


@contextmanager
def alone(connection: sa.Connection) -> Iterator[None]:
    """Begin a transaction and keep other migrations out until the block ends.

    Of two processes that migrate at once the second waits here, then finds nothing to do. MariaDB ends a transaction with
    each change of a table, so that the lock there is the session's.
    """
    dialect = connection.dialect.name
    with connection.begin():
        if dialect == dialects.POSTGRESQL:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
        elif dialect == dialects.MARIADB:
            connection.exec_driver_sql(f"SELECT GET_LOCK(CONCAT('tradewind ', DATABASE()), {LOCK_PATIENCE})")
        yield
    if dialect == dialects.MARIADB:
        connection.exec_driver_sql("SELECT RELEASE_LOCK(CONCAT('tradewind ', DATABASE()))")
