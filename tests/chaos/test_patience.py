"""A daemon's way to the database has an end: packets that vanish, a server that is busy, a transaction that stands still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
import sqlalchemy as sa
from chaos.proxy import Proxies, Proxy, open_proxies
from sqlalchemy.exc import DBAPIError
from tradewind.metadata.engine import Database
from tradewind.metadata.patience import Patience

PATIENCE = Patience(connect=2.0, answer=1.5, idle=1.0)
SLACK = 3.0


@pytest.fixture
def proxies() -> Iterator[Proxies]:
    """Makes proxies."""
    with open_proxies() as made:
        yield made


def opened(url: str, proxy: Proxy | None = None) -> Database:
    """A daemon's database, by a proxy."""
    if proxy is not None:
        url = sa.make_url(url).set(port=proxy.port).render_as_string(hide_password=False)
    return Database(url, patience=PATIENCE)


def one(database: Database) -> int:
    """Ask something."""
    with database.read() as conn:
        return int(conn.execute(sa.text("SELECT 1")).scalar_one())


def test_packets_that_vanish_cost_the_answers_time_and_nobody_else(server_url: str, proxies: Proxies) -> None:
    proxy = proxies.open(int(sa.make_url(server_url).port or 0))
    victim, neighbour = opened(server_url, proxy), opened(server_url)
    assert one(victim) == 1
    proxy.swallow()
    began = time.monotonic()
    with pytest.raises(DBAPIError) as raised:
        one(victim)
    assert raised.value.connection_invalidated
    assert time.monotonic() - began < PATIENCE.answer + SLACK
    with pytest.raises(DBAPIError):
        one(victim)
    assert time.monotonic() - began < PATIENCE.answer + 2 * PATIENCE.connect + SLACK, "to connect has an end too"
    assert one(neighbour) == 1
    proxy.heal()
    assert one(victim) == 1
    for each in (victim, neighbour):
        each.dispose()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(server_url: str) -> None:
    database = opened(server_url)
    sleep = "SELECT pg_sleep(60)" if database.dialect == "postgresql" else "SELECT SLEEP(60) FROM alembic_version"
    began = time.monotonic()
    with database.engine.connect() as conn:
        with pytest.raises(DBAPIError) as raised:
            conn.execute(sa.text(sleep))
        assert not raised.value.connection_invalidated, "the connection is as good as before"
        conn.rollback()
        assert conn.execute(sa.text("SELECT 1")).scalar_one() == 1
    assert time.monotonic() - began < PATIENCE.answer + SLACK
    database.dispose()


def test_a_transaction_that_stands_still_gives_its_locks_back(server_url: str) -> None:
    frozen, other = opened(server_url), Database(server_url)
    lock = sa.text("SELECT slots FROM pool WHERE name = 'default_pool' FOR UPDATE")
    with frozen.engine.connect() as conn:
        conn.execute(lock)
        began = time.monotonic()
        with other.transaction() as waiting:
            waiting.execute(lock)
        assert time.monotonic() - began < PATIENCE.idle + SLACK
        with pytest.raises(DBAPIError):
            conn.execute(lock)
        conn.invalidate()
    assert one(frozen) == 1
    for each in (frozen, other):
        each.dispose()


@pytest.mark.postgres
def test_a_transaction_that_stands_still_in_mid_sentence_gives_its_locks_back(postgres_database_url: str) -> None:
    """The server takes a session that has not sent the end of its batch for busy: none of the idle time-outs counts then."""
    frozen, other = opened(postgres_database_url), Database(postgres_database_url)
    lock = "SELECT slots FROM pool WHERE name = 'default_pool' FOR UPDATE"
    with frozen.engine.connect() as conn:
        driver = conn.connection.dbapi_connection
        with suppress(psycopg.Error), driver.pipeline():
            driver.execute(lock)
            began = time.monotonic()
            with other.transaction() as waiting:
                waiting.execute(sa.text(lock))
            assert time.monotonic() - began < PATIENCE.transaction + SLACK
        assert driver.closed
        conn.invalidate()
    assert one(frozen) == 1
    for each in (frozen, other):
        each.dispose()


def test_a_persons_command_waits_as_long_as_it_takes(server_url: str) -> None:
    database = Database(server_url)
    query = "SHOW statement_timeout" if database.dialect == "postgresql" else "SELECT @@max_statement_time"
    with database.read() as conn:
        assert float(conn.execute(sa.text(query)).scalar_one()) == 0
    database.dispose()
