"""Is the database's schema the one that this release expects?"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from tradewind.metadata.engine import Database

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
)
"""The migrations of this release, in order; a test holds them to what Alembic finds."""
REVISION = REVISIONS[-1]
"""The newest migration."""
RELEASES = {"0.1.0": "0016"}
"""The revision of each release, for people who know the release."""
LOOK_SECONDS = 1.0

_VERSION = sa.text("SELECT version_num FROM alembic_version")


class SchemaError(RuntimeError):
    """The database's schema is not the one that this release expects."""


class NewerSchemaError(SchemaError):
    """The database was migrated by a newer release: waiting does not help."""


class MigrationBlockedError(SchemaError):
    """A table was not to be had in time; the message names the session that holds it."""


def require_current(database: Database) -> None:
    """Return if the schema is this release's.

    Raises:
        NewerSchemaError: when it is a newer release's.
        SchemaError: when it is missing or at an earlier revision, saying which command mends it.
        sqlalchemy.exc.DBAPIError: when the database cannot be reached.
    """
    found = current_revision(database)
    if found == REVISION:
        return
    where = database.url.render_as_string(hide_password=True)
    if found is not None and found not in REVISIONS:
        raise NewerSchemaError(
            f"The metadata database {where} is at revision {found} of a newer release, and this one knows revisions up to "
            f"{REVISION}: install the newer release here, or run its `tradewind db downgrade --to-revision {REVISION}`."
        )
    has = f"is at revision {found}" if found else "has no schema yet"
    raise SchemaError(
        f"The metadata database {where} {has}, and this release needs revision {REVISION}: run `tradewind db migrate`."
    )


def await_current(
    database: Database,
    say: Callable[[str], None],
    *,
    patience: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return as soon as the schema is this release's: a daemon that starts before the migration waits for it.

    Arguments:
        say: told once what is waited for.
        patience: seconds until it is given up; None for none.
        sleep: waits some seconds.
    Raises:
        NewerSchemaError: at once.
        SchemaError: when it is not migrated within the patience.
    """
    waited = 0.0
    while True:
        try:
            require_current(database)
        except NewerSchemaError:
            raise
        except SchemaError as error:
            if patience is not None and waited >= patience:
                raise
            if waited == 0.0:
                say(f"{error} Waiting for it.")
            sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
        else:
            return


def current_revision(database: Database) -> str | None:
    """Return the revision of the schema, None where there is none."""
    with database.engine.connect() as connection:
        return revision_of(connection)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of the schema by an open connection, None where there is none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(_VERSION).scalar()
    return found
