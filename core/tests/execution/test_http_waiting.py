"""Waiting for work at the web server: woken at once, bounded in number, and no reason for anybody to wait longer."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tradewind.api.execution.waiting import WaitingRoom
from tradewind.execution.http.connection import NotAdmitted
from tradewind.execution.http.waiting import HttpWakeups
from tradewind.execution.lifecycle import Unreachable
from tradewind.metadata.wakeups import open_wakeups, worker_channel

PATIENCE = 20.0
EXECUTOR = "LocalExecutor"


@pytest.fixture
def room(small_house: Any) -> Any:
    made = WaitingRoom(1, lambda channel: open_wakeups(small_house.database, small_house.home, listen=[channel]))
    assert made.wait(EXECUTOR, made.wait(EXECUTOR, "", 0.0).mark, PATIENCE).is_woken  # as soon as there is an ear
    yield made
    made.close()


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Do something in a thread; return what waits for its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()

    def join() -> Any:
        thread.join(PATIENCE)
        assert not thread.is_alive()
        return results[0]

    return join


def test_a_wake_up_ends_a_wait_and_one_in_between_is_not_missed(room: WaitingRoom, small_house: Any) -> None:
    begun = room.wait(EXECUTOR, "", 0.0)
    assert (begun.is_woken, begun.has_room) == (True, True), "whoever comes with no mark looks first"
    waiting = in_thread(lambda: room.wait(EXECUTOR, begun.mark, PATIENCE))
    small_house.until(lambda: wakes(small_house, room, begun.mark), "the wait is woken")
    woken = waiting()
    assert (woken.is_woken, woken.mark != begun.mark) == (True, True)
    assert room.wait(EXECUTOR, begun.mark, PATIENCE).is_woken, "that was before this wait began"
    assert not room.wait(EXECUTOR, room.wait(EXECUTOR, "", 0.0).mark, 0.0).is_woken


def test_what_was_queued_while_the_ear_was_opened_is_looked_for_once_it_is_open(small_house: Any) -> None:
    may_open = threading.Event()

    def listen(channel: str) -> Any:
        assert may_open.wait(PATIENCE)
        return open_wakeups(small_house.database, small_house.home, listen=[channel])

    room = WaitingRoom(1, listen)
    mark = room.wait(EXECUTOR, "", 0.0).mark
    small_house.wakeups.notify([worker_channel(EXECUTOR)])  # nobody hears it
    assert not room.wait(EXECUTOR, mark, 0.0).is_woken
    may_open.set()
    assert room.wait(EXECUTOR, mark, PATIENCE).is_woken
    room.close()


def wakes(house: Any, room: WaitingRoom, mark: str) -> bool:
    house.wakeups.notify([worker_channel(EXECUTOR)])
    return room.wait(EXECUTOR, mark, 0.0).is_woken


def test_who_finds_no_room_is_told_at_once_and_closing_lets_everybody_go(room: WaitingRoom) -> None:
    mark = room.wait(EXECUTOR, "", 0.0).mark
    first = in_thread(lambda: room.wait(EXECUTOR, mark, PATIENCE))
    found = room.wait(EXECUTOR, mark, PATIENCE)
    while found.has_room:  # the first one may not have sat down yet
        found = room.wait(EXECUTOR, mark, 0.0)
    assert not found.is_woken
    room.close()
    assert not first().is_woken


class Asked:
    """A caller whose waits are answered by the test."""

    worker = "w1"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.marks: list[str] = []
        self.server = self
        self.is_over = threading.Event()

    def credential(self) -> str:
        return ""

    def call(self, _method: str, path: str, _token: str) -> dict[str, Any]:
        self.marks.append(path.partition("mark=")[2].partition("&")[0])
        if not self.answers:
            self.is_over.wait(PATIENCE)
            raise Unreachable("hung up")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def hang_up(self) -> None:
        self.is_over.set()

    def close(self) -> None:
        return


def test_the_loop_is_woken_and_while_nobody_waits_for_it_there_is_nothing_to_watch() -> None:
    woken = {"mark": "a.1", "is_woken": True, "has_room": True}
    asked: Any = Asked(NotAdmitted("no", "off"), {"mark": "a", "is_woken": False, "has_room": False}, woken)
    ear = HttpWakeups(asked, EXECUTOR)
    assert ear.fileno() == -1
    assert select.select([ear._ear], [], [], PATIENCE)[0]
    assert ear.fileno() == ear._ear
    assert ear.drain() == {EXECUTOR}
    assert ear.drain() == frozenset()
    ear.close()
    assert asked.marks == ["", "", "a", "a.1"][: len(asked.marks)]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(ear._ear)
