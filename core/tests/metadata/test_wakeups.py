"""Wake-ups reach their listeners, survive what kills them, and are only hints."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tradewind.metadata.engine import Database
from tradewind.metadata.wakeups import SocketWakeups, open_wakeups, wait, worker_channel


def test_a_listener_hears_its_channels_and_no_others(database: Database, tmp_path: Path) -> None:
    local = worker_channel("LocalExecutor")
    ear = open_wakeups(database, tmp_path, listen=["scheduler", local])
    mouth = open_wakeups(database, tmp_path)
    mouth.notify(["elsewhere"])
    mouth.notify([local, "scheduler"])
    heard: frozenset[str] = frozenset()
    while heard != {local, "scheduler"}:
        more = wait(ear, 10)
        assert more, "no wake-up within 10 s"
        heard |= more
    assert wait(ear, 0) == frozenset()
    ear.close()
    mouth.close()


def test_waiting_ends_by_itself(database: Database, tmp_path: Path) -> None:
    ear = open_wakeups(database, tmp_path, listen=["scheduler"])
    assert wait(ear, 0.01) == frozenset()
    ear.close()


def test_a_socket_left_by_a_killed_listener_is_removed(tmp_path: Path) -> None:
    ear = SocketWakeups(tmp_path, ("scheduler",))
    ear._ear.close()
    mouth = SocketWakeups(tmp_path, ())
    [left] = ear._folder.iterdir()
    mouth.notify(["scheduler"])
    assert not left.exists()
    mouth.close()
    ear.close()


def test_listen_comes_back_after_the_server_cut_it(postgres_database_url: str, tmp_path: Path) -> None:
    database = Database(postgres_database_url)
    ear = open_wakeups(database, tmp_path, listen=["scheduler"])
    with psycopg.connect(sa.make_url(postgres_database_url).render_as_string(False), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tradewind wake-ups' AND datname = current_database()"
        )
    while ear.fileno() != -1:
        assert wait(ear, 10) == frozenset()
    assert ear.drain() == {"scheduler"}, "after a reconnection everything may have been missed"
    ear.close()
    database.dispose()


def test_notifying_without_a_server_is_silent(postgres_database_url: str, tmp_path: Path) -> None:
    mouth = open_wakeups(Database(postgres_database_url), tmp_path, listen_url="postgresql://postgres@127.0.0.1:1/none")
    mouth.notify(["scheduler"])
    mouth.close()


@pytest.mark.parametrize("length", [20, 150])
def test_long_homes_work(tmp_path: Path, length: int) -> None:
    home = tmp_path / ("x" * length)
    ear = SocketWakeups(home, ("a",))
    mouth = SocketWakeups(home, ())
    mouth.notify(["a"])
    assert wait(ear, 10) == {"a"}
    ear.close()
    mouth.close()
