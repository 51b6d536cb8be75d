"""Transactions: whole or not at all, repeated when the database asks for it."""

from __future__ import annotations

import sqlite3
import threading
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import pools
from tradewind.metadata.tables import Instant, bucket_lock, pool


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        pools.set_pool(connection, "made", slots=1, description=None)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(work)
    with database.read() as connection:
        assert [each.name for each in pools.list_pools(connection)] == ["default_pool"]


def test_a_deadlock_is_repeated_as_a_whole(server_url: str) -> None:
    """Two transactions that lock two rows in opposite order: one is chosen as the victim, and still both get done."""
    database = Database(server_url)
    for name in ("a", "b"):
        database.write(lambda c, name=name: pools.set_pool(c, name, slots=0, description=None))  # type: ignore[misc]
    both_hold_one = threading.Barrier(2)

    def add(first: str, second: str) -> None:
        attempts = []

        def work(connection: sa.Connection) -> None:
            attempts.append(1)
            raise_by_one(connection, first)
            if len(attempts) == 1:
                both_hold_one.wait(10)
            raise_by_one(connection, second)

        database.write(work)

    threads = [threading.Thread(target=add, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.read() as connection:
        slots = {each.name: each.slots for each in pools.list_pools(connection)}
    assert (slots["a"], slots["b"]) == (2, 2)
    database.dispose()


def raise_by_one(connection: sa.Connection, name: str) -> None:
    """Add a slot to a pool."""
    connection.execute(sa.update(pool).where(pool.c.name == name).values(slots=pool.c.slots + 1))


def test_the_database_clock_agrees_with_this_machine(database: Database) -> None:
    clock = SystemClock()
    with database.read() as connection:
        there = connection.execute(sa.select(sa.type_coerce(clock.sql_now(), Instant()))).scalar_one()
    assert abs(there - clock.now()) < timedelta(seconds=5)


def test_instants_come_back_as_they_went(database: Database) -> None:
    instants = sa.Table("instants", sa.MetaData(), sa.Column("at", Instant))
    at = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=timezone.utc)
    with database.transaction() as connection:
        instants.create(connection)
        connection.execute(sa.insert(instants).values(at=at))
        assert connection.execute(sa.select(instants.c.at)).scalar_one() == at


def test_a_naive_datetime_is_refused(database: Database) -> None:
    with database.read() as connection, pytest.raises(sa.exc.StatementError, match="has no time zone"):
        connection.execute(sa.select(sa.literal(datetime(2026, 1, 1), Instant())))


def test_ids_rise_and_blocks_do_not_overlap() -> None:
    ids = RandomIds(SystemClock().now)
    blocks = [ids.block(1000) for _ in range(50)]
    drawn = [number for block in blocks for number in block]
    assert drawn == sorted(set(drawn))
    assert max(drawn) < 2**63


def test_two_key_collisions_are_not_hidden(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(bucket_lock).values(name="pool:x"))

    database.write(work, collisions=True)
    with pytest.raises(sa.exc.IntegrityError):
        database.write(work, collisions=True)


def test_a_key_collision_is_repeated_after_a_lost_serialization_too(database: Database) -> None:
    """As when two schedulers make the first row of a table, and the second one's first attempt had failed already."""
    attempts: list[str] = []

    def work(connection: sa.Connection) -> None:
        attempts.append("")
        if len(attempts) == 1:
            raise sa.exc.OperationalError("", None, sqlite3.OperationalError("database is locked"))
        connection.execute(sa.insert(bucket_lock).values(name="pool:x"))
        if len(attempts) == 2:
            connection.execute(sa.insert(bucket_lock).values(name="pool:x"))

    database.write(work, collisions=True)
    assert len(attempts) == 3


def test_an_error_names_the_statement_and_no_values(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        for slots in (4711, 4712):
            connection.execute(sa.insert(pool).values(name="made", slots=slots, description="secret"))

    with pytest.raises(sa.exc.IntegrityError) as told:
        database.write(work)
    assert "INSERT INTO pool" in str(told.value)
    assert "secret" not in str(told.value)
