"""A worker that is begun before it is known to be wanted: it does nothing without the word."""

from __future__ import annotations

import os
import select
from typing import Any

import pytest
from tradewind.execution.prestart import Prestarted


@pytest.fixture
def begun(small_house: Any) -> Prestarted:
    return Prestarted(small_house.environ)


def test_without_the_word_it_leaves_and_has_touched_nothing(small_house: Any, begun: Prestarted) -> None:
    begun.drop()
    assert begun.process.returncode == 0
    assert not (small_house.home / "workers").exists()
    begun.drop()  # once more is no error


def test_with_the_word_it_works_until_it_is_told_to_stop(small_house: Any, begun: Prestarted) -> None:
    small_house.workers.append(begun.process)
    begun.go()
    small_house.until(lambda: small_house.is_registered(begun.worker), "the worker registers")
    begun.drop()  # too late: it works
    assert begun.process.poll() is None
    begun.process.terminate()
    assert begun.process.wait(20) == 0


def test_a_watcher_that_dies_leaves_no_worker_waiting(small_house: Any) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            begun = Prestarted(small_house.environ)
            (small_house.home / "pid").write_text(str(begun.process.pid))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    worker = int((small_house.home / "pid").read_text())
    try:
        handle = os.pidfd_open(worker)
    except ProcessLookupError:
        return  # it has left already
    assert select.select([handle], [], [], 20)[0] == [handle]
    os.close(handle)
