"""Sources that no version needs are removed, those of a version that is written meanwhile are not; folders retire."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import parsing as statements
from tradewind.metadata.statements import sources
from tradewind.metadata.tables import dag_version
from tradewind.parsing.housekeeping import remove_unused
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_sources_that_no_version_needs_are_removed(parsing, source):
    parsing.write("a.py", source("a"))
    parsing.write("shared.sql", "select 1")
    parsing.processor.round()
    before = set(parsing.blobs())
    assert remove_unused(parsing.database) == 0
    parsing.write("a.py", source("a", "false"))
    parsing.settle()
    (version,) = parsing.versions("a")
    assert remove_unused(parsing.database) == 2  # the old file and the old manifest; the query is still needed
    assert version.source_hash in parsing.blobs()
    assert len(before & set(parsing.blobs())) == 1
    assert remove_unused(parsing.database) == 0


def test_the_processor_does_it_when_it_is_quiet(lite, source, statements):
    lite.write("a.py", source("a"))
    lite.processor.round()
    lite.write("a.py", source("a", "false"))
    lite.settle()
    lite.seconds += 601
    housekeeper = lite.processor._housekeeper
    assert housekeeper.keep() == 2
    with statements.recorded(lite.database):
        assert housekeeper.keep() == 0
    statements.assert_at_most(0)


@pytest.mark.postgres
def test_a_version_that_is_written_meanwhile_keeps_its_sources(make_parsing, source, postgres_database_url):
    """The writer finds an unused blob in place and keeps it; the removal waits for it, and counts again."""
    database = Database(postgres_database_url)
    parsing = make_parsing(database)
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    (version,) = parsing.versions("a")
    blobs = parsing.blobs()
    with database.transaction() as connection:  # as if the version were gone, its sources left over
        connection.execute(sa.delete(dag_version))
    removed: list[int] = []
    remover = threading.Thread(target=lambda: removed.append(remove_unused(database)))
    with database.transaction() as connection:
        statements.add_blobs(connection, blobs)
        remover.start()
        with database.read() as onlooker:
            while not onlooker.exec_driver_sql(WAITING).scalar_one():
                onlooker.rollback()  # a new snapshot of who waits
        connection.execute(sa.insert(dag_version).values(version._mapping))
    remover.join()
    assert removed == [0]
    with database.read() as connection:
        assert sources.list_blobs(connection) == set(blobs)
    database.dispose()


def test_a_folder_that_is_not_configured_any_more_loses_its_dags(parsing, source, caplog, tmp_path):
    examples = tmp_path / "examples"
    examples.mkdir()
    (examples / "example.py").write_text("from tradewind import DAG\nmade = DAG('example', schedule=None)\n")
    parsing.write("a.py", source("a"))
    Processor(
        parsing.config,
        parsing.database,
        [Bundle("dags", parsing.folder), Bundle("examples", examples)],
        parsing.processor._lookups,
        clock=parsing.clock,
        ids=parsing.processor._intake._ids,
        notify=lambda: None,
    ).round()
    assert parsing.active() == ["a", "example"]
    caplog.set_level("INFO")
    parsing.restart()
    assert parsing.active() == ["a"]
    assert "no longer configured, their DAGs are deactivated: examples" in caplog.text
    assert parsing.file("example.py").is_present is False
