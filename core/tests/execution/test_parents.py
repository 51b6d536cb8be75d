"""Warm parents: a real zygote, real parents and tasks; the test holds the clock and the calendar."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from tradewind.execution.logs import FileLogStore
from tradewind.execution.loop import Loop
from tradewind.execution.messages import Ended, Hello, Start
from tradewind.execution.parents import ParentLimits, Parents
from tradewind.execution.running import Running
from tradewind.execution.zygote_process import ZygoteProcess, task_environment

PATIENCE = 30.0
FLOW = """
import os
from tradewind import DAG, task
{setup}

with DAG("flow"):
    @task
    def work():
{body}
    work()
"""


class SetForward(Loop):
    """A loop whose clock the test sets forward."""

    def __init__(self) -> None:
        self.ahead = 0.0
        super().__init__()

    def now(self) -> float:  # type: ignore[override]
        return time.monotonic() + self.ahead


class Bench:
    """Parents without a supervisor: what it does with a task's messages, the test does."""

    def __init__(self, home: Path, limits: ParentLimits) -> None:
        self.home = home
        self.loop = SetForward()
        self.day = date(2026, 3, 28)
        self.ended: dict[Running, Ended] = {}
        self.problems: dict[Running, str] = {}
        self.made: list[Running] = []
        self.logs = FileLogStore(home / "logs")
        self.zygote = ZygoteProcess(self.loop, task_environment(os.environ, "bench"), lambda pid, status: None)
        self.parents = Parents(
            self.loop,
            self.zygote,
            limits,
            on_exit=lambda pid, status: None,
            on_unimportable=self.problems.__setitem__,
            today=lambda: self.day,
        )

    def limit(self, **limits: Any) -> None:
        """Change limits for what begins from now on."""
        self.parents._limits = replace(self.parents._limits, **limits)

    def begin(
        self, name: str, *, setup: str = "", body: str = "return os.getppid()", isolation: str = "fork"
    ) -> Running:
        """Start a try of the version `name`."""
        root = self.home / name
        root.mkdir(exist_ok=True)
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        (root / "flow.py").write_text(FLOW.format(setup=setup, body=lines))
        running = Running(start_of(len(self.made), name, root, isolation), self.logs, 1 << 20)
        self.made.append(running)
        self._dispatch(running)
        return running

    def _dispatch(self, running: Running) -> None:
        stream = running.open()
        self.loop.watch(stream.sock.fileno(), lambda: self._read(running))
        self.parents.start(running)

    def _read(self, running: Running) -> None:
        assert running.stream is not None
        for item in running.stream.read():
            if isinstance(item, Ended):
                self.ended[running] = item
            elif isinstance(item, Hello):
                running.pid = item.pid
        if running.stream.is_open:
            return
        self.loop.forget(running.stream.sock.fileno())
        running.close()
        if running.pid is None and running not in self.ended:
            self._dispatch(running)  # nobody had taken it, so it is started again

    def until(self, is_so: Any) -> None:
        """Run the loop until `is_so()`."""
        deadline = time.monotonic() + PATIENCE
        self.loop.after(PATIENCE, lambda: None)

        def between() -> None:
            assert time.monotonic() < deadline
            if is_so():
                self.loop.stop()

        self.loop.run(between)

    def finish(self, running: Running) -> Any:
        """Wait for the end of a try; return what it returned, or the sentence why it could not be imported."""
        self.until(lambda: running in self.ended or running in self.problems)
        if running in self.problems:
            return self.problems[running]
        ended = self.ended[running]
        assert ended.state == "success", ended.cause
        return ended.xcoms[0][1]

    def run(self, name: str, **code: str) -> Any:
        return self.finish(self.begin(name, **code))

    def close(self) -> None:
        for pid in list(self.parents.pids()):
            with suppress(ProcessLookupError):  # one that was killed, and whose end has not been read yet
                os.kill(pid, signal.SIGCONT)
        self.parents.close()
        self.until(lambda: not self.parents._retired)  # those that have not greeted yet among them
        for running in self.made:
            running.close()
        self.loop.close()


def start_of(number: int, name: str, root: Path, isolation: str) -> Start:
    fixed = {"try_number": 1, "max_tries": 0, "map_index": -1, "run": 1, "run_type": "manual", "conf": "{}"}
    moments = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_started_at"), 0)
    return Start(
        instance=number,
        token=1,
        dag_id="flow",
        run_id="r",
        task_id="work",
        version_id=1,
        source_hash=name,
        root=str(root),
        path="flow.py",
        isolation=isolation,
        **fixed,
        **moments,
    )


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A bench with the limits that the test names."""
    made = Bench(tmp_path, ParentLimits(**getattr(request, "param", {})))
    yield made
    made.close()


def gone(pid: Any) -> bool:
    try:
        return bool(psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_what_is_computed_at_import_is_right_on_the_next_day(bench: Bench) -> None:
    day, fifo = bench.home / "day", bench.home / "fifo"
    day.write_text("28 March")
    clock = {
        "setup": f"TODAY = open({str(day)!r}).read()",
        "body": f"if os.path.exists({str(fifo)!r}): return TODAY + open({str(fifo)!r}).read()\nreturn [TODAY, os.getppid()]",
    }
    before = bench.run("clock", **clock)
    assert bench.run("clock", **clock) == before
    os.mkfifo(fifo)
    late = bench.begin("clock", **clock)
    writer = fifo.open("w")  # it opens when the task has opened it too
    fifo.unlink()
    day.write_text("29 March")
    bench.day += timedelta(days=1)
    after = bench.run("clock", **clock)
    assert ("28 March" in before, "29 March" in after) == (True, True)
    with writer:
        writer.write(", but it began on the day before")
    assert "28 March, but it began" in bench.finish(late)


@pytest.mark.parametrize("bench", [{"max_age": 60.0}], indirect=True)
def test_a_parent_goes_when_it_is_old_and_one_that_is_young_stays(bench: Bench) -> None:
    old = bench.run("old")
    bench.loop.ahead += 40
    young = bench.run("young")
    assert bench.run("old") == old
    bench.loop.ahead += 30
    bench.parents.retire_stale()
    bench.until(lambda: gone(old))
    assert bench.run("young") == young
    assert bench.run("old") != old


def test_a_spare_that_nobody_needs_ends_and_the_next_start_finds_its_parent(bench: Bench) -> None:
    parent = bench.run("flow")
    bench.until(lambda: not psutil.Process(int(parent)).children())
    assert bench.run("flow") == parent
    assert bench.run("flow") == parent


@pytest.mark.parametrize("bench", [{"max_count": 2}], indirect=True)
def test_beyond_the_count_the_one_used_least_recently_goes(bench: Bench) -> None:
    first, second = bench.run("first"), bench.run("second")
    assert bench.run("first") == first
    third = bench.run("third")
    bench.until(lambda: gone(second))
    assert (bench.run("first"), bench.run("third")) == (first, third)


@pytest.mark.parametrize("bench", [{"max_memory": 100 << 20}], indirect=True)
def test_beyond_the_memory_the_one_used_least_recently_goes(bench: Bench) -> None:
    large = bench.run("large", setup="data = bytes(b'x' * (90 << 20))")
    small = bench.run("small")
    bench.parents.retire_stale()
    bench.until(lambda: gone(large))
    assert bench.run("small") == small


@pytest.mark.parametrize("bench", [{"retry_seconds": 0.05}], indirect=True)
def test_an_import_that_does_not_end_is_ended_and_told(bench: Bench) -> None:
    good = bench.run("good")
    bench.limit(import_seconds=0.2)
    stuck = bench.begin("stuck", setup="import threading\nthreading.Event().wait()")
    assert bench.run("good") == good
    assert bench.finish(stuck) == "flow.py was not imported within 0.2 s ([parsing] file_timeout)"
    assert bench.run("good") == good


@pytest.mark.parametrize("bench", [{"import_memory": 256 << 20, "retry_seconds": 0.05}], indirect=True)
def test_an_import_that_takes_too_much_memory_is_told(bench: Bench) -> None:
    greedy = bench.begin("greedy", setup="data = bytearray(1 << 30)")
    good = bench.run("good")
    assert "flow.py could not be imported: MemoryError" in bench.finish(greedy)
    assert bench.run("good") == good
    assert bench.run("tasks", body="return len(bytearray(1 << 29))") == str(1 << 29)  # the limit is the import's


@pytest.mark.parametrize("bench", [{"retry_seconds": 0.05}], indirect=True)
def test_a_zygote_that_was_stopped_is_replaced(bench: Bench) -> None:
    good = bench.run("good")
    os.kill(bench.zygote.pid, signal.SIGSTOP)
    bench.limit(import_seconds=0.2)
    new = bench.begin("new")
    bench.limit(import_seconds=30.0)
    assert bench.run("good") == good
    assert bench.finish(new) != good


@pytest.mark.parametrize("isolation", ["fork", "fresh"])
def test_a_start_that_nobody_takes_is_given_to_another(bench: Bench, isolation: str) -> None:
    good, stuck = bench.run("good"), bench.run("stuck")
    bench.limit(greeting_seconds=0.2)
    bench.run("stuck")  # so that its spare is taken, and the next one is to be forked
    os.kill(int(stuck) if isolation == "fork" else bench.zygote.pid, signal.SIGSTOP)
    tries = [bench.begin("stuck", isolation=isolation) for _ in range(3)]
    bench.limit(greeting_seconds=30.0)
    assert bench.run("good") == good
    assert all(bench.finish(each) != stuck for each in tries[1:])
