"""The schema: migrations and tables agree, and a wrong one is named."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import tradewind
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from tradewind.metadata import dialects, migrating, schema
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import metadata


def test_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        if database.dialect == dialects.MARIADB:
            differences = [each for each in differences if each[1].name not in dialects.INDEXES]
            assert {name: columns_of(connection, name) for name in dialects.INDEXES} == dialects.INDEXES
    assert differences == [], "run: python scripts/new_migration.py 'what changes'"


def columns_of(connection: sa.Connection, name: str) -> str:
    """Return the columns of an index as it was made."""
    found = connection.execute(
        sa.text(
            "SELECT COLUMN_NAME FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME = :name ORDER BY SEQ_IN_INDEX"
        ),
        {"name": name},
    )
    return ", ".join(found.scalars())


def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert migrating.migrate(database) == migrating.migrate(database)


def test_a_database_without_schema_is_named_with_the_way_out(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(schema.SchemaError, match=r"has no schema yet.*run `tradewind db migrate`"):
        schema.require_current(database)
    database.dispose()


def test_the_default_pool_is_there(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT slots FROM pool WHERE name = 'default_pool'")).scalar() == 128


def test_the_release_expects_the_newest_migration() -> None:
    head = ScriptDirectory.from_config(migrating.alembic_settings()).get_current_head()
    assert head == schema.REVISION
    scripts = ScriptDirectory.from_config(migrating.alembic_settings())
    assert tuple(each.revision for each in scripts.walk_revisions())[::-1] == schema.REVISIONS
    assert schema.RELEASES[tradewind.__version__] == schema.REVISION
