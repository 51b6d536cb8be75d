"""Write the next migration from the difference between the tables in code and the migrations so far.

Usage: python scripts/new_migration.py "what changes, in a few words"
Read what it writes: renames and data moves are yours to add (expand first, contract a release later).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from tradewind.metadata import migrating
from tradewind.metadata.engine import Database


def main(message: str) -> None:
    """Migrate an empty database to the newest revision, compare it with the tables, and write what differs."""
    settings = migrating.alembic_settings()
    number = len(list(ScriptDirectory.from_config(settings).walk_revisions())) + 1
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        if number > 1:
            migrating.migrate(database)
        with database.engine.connect() as connection, connection.begin():
            settings.attributes["connection"] = connection
            command.revision(settings, message=message, autogenerate=True, rev_id=f"{number:04d}")
        database.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
