"""Is the database's schema the one that this release expects?"""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.engine import Database

REVISION = "0001"
"""The newest migration; a test holds it to what Alembic finds."""

_VERSION = sa.text("SELECT version_num FROM alembic_version")


class SchemaError(RuntimeError):
    """The database's schema is not the one that this release expects."""


def require_current(database: Database) -> None:
    """Return if the schema is this release's.

    Raises:
        SchemaError: when it is missing or at another revision, saying which command mends it.
        sqlalchemy.exc.DBAPIError: when the database cannot be reached.
    """
    found = current_revision(database)
    if found == REVISION:
        return
    where = database.url.render_as_string(hide_password=True)
    has = f"is at revision {found}" if found else "has no schema yet"
    raise SchemaError(
        f"The metadata database {where} {has}, and this release needs revision {REVISION}: run `tradewind db migrate`."
    )


def current_revision(database: Database) -> str | None:
    """Return the revision of the schema, None where there is none."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(_VERSION).scalar()
