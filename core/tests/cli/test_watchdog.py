"""A loop that stands still ends its process; one that gets on, or that slept, does not."""

from __future__ import annotations

import sys
import threading

import pytest
import sqlalchemy as sa
from tradewind.cli.processes.watchdog import EXIT_STALLED, Watchdog, place_of
from tradewind.metadata.engine import Database


@pytest.fixture
def watchdog() -> Watchdog:
    """One without a thread: the test looks."""
    made = Watchdog("scheduler", 0)
    made._limit, made._tick = 10.0, 1.0
    return made


def test_before_the_loop_begins_nothing_is_judged(watchdog: Watchdog) -> None:
    assert not any(watchdog.look(1.0) for _ in range(100))


def test_a_loop_that_stands_still_for_the_limit_is_found(watchdog: Watchdog) -> None:
    watchdog.feed()
    looks = [watchdog.look(1.0) for _ in range(12)]
    assert looks.index(True) == 10


def test_a_loop_that_turns_now_and_then_is_not(watchdog: Watchdog) -> None:
    for _ in range(10):
        watchdog.feed()
        assert not any(watchdog.look(1.0) for _ in range(9))


def test_who_slept_gets_the_chance_to_turn(watchdog: Watchdog) -> None:
    watchdog.feed()
    watchdog.look(1.0)
    assert not watchdog.look(3600.0), "the machine slept, and the loop with it"
    watchdog.feed()
    assert not watchdog.look(1.0)


def test_a_transaction_that_ends_counts_as_a_turn(watchdog: Watchdog, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    watchdog.feed_from(database)
    watchdog.feed()
    for _ in range(30):
        with database.read() as conn:
            conn.execute(sa.text("SELECT 1"))
        assert not watchdog.look(1.0)
    database.dispose()


def test_it_ends_the_process_with_its_exit_code() -> None:
    ended = threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    watchdog = Watchdog("scheduler", 0.2, end=end)
    watchdog.feed()
    assert ended.wait(30.0)
    watchdog.close()
    assert codes == [EXIT_STALLED]


def test_it_says_where_the_loop_stands() -> None:
    words = place_of(sys._getframe())
    assert words.rpartition(" → ")[2].startswith("test_it_says_where_the_loop_stands (test_watchdog.py:")
