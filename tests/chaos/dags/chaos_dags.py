"""What the chaos runs: each task writes to a ledger outside the database when its code begins and when it ends.

While it runs it holds a lock of the kernel on its instance, on one of its pool's slots and on one of its DAG's: the kernel
frees them when the process is gone, so whoever finds all of them taken has seen a promise broken, and says so.
"""

from __future__ import annotations

import fcntl
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pendulum
from tradewind import DAG, get_current_context, task

PLACE = Path(os.environ["CHAOS_PLACE"])
LEDGER = PLACE / "ledger" / os.environ["CHAOS_HOST"]
TICK_SECONDS = 2.0
NARROW_SLOTS = 3
LIMITED_TASKS = 2
MANY = 60
RETRIES = {"retries": MANY, "retry_delay": 0.1}


def start_message() -> Any:
    """Return the message that started this try, from the frames that called this code: it has the token."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        start = frame.f_locals.get("start")
        if hasattr(start, "token"):
            return start
        frame = frame.f_back
    raise LookupError("no start message in any frame")


def write(word: str, me: Any) -> None:
    """Append one line with one call: whole, or not at all."""
    fields = (word, time.clock_gettime_ns(time.CLOCK_BOOTTIME), os.getpid(), os.environ["TRADEWIND_WORKER"])
    about = (me.instance, me.token, me.try_number, me.dag_id, me.run_id, me.task_id, me.map_index)
    ledger = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    os.write(ledger, (" ".join(map(str, fields + about)) + "\n").encode())
    os.close(ledger)


def held(name: str, slots: int) -> int | None:
    """Return a descriptor that holds one of so many slots; None where all are held by living processes."""
    folder = PLACE / "locks" / name
    folder.mkdir(parents=True, exist_ok=True)
    for slot in range(slots):
        descriptor = os.open(folder / str(slot), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return descriptor
    return None


@contextmanager
def on_record(*limits: tuple[str, int]) -> Iterator[Any]:
    """Write the start, hold the locks, and write how the block ended."""
    me = start_message()
    write("start", me)
    with ExitStack() as stack:
        for name, slots in ((f"instance-{me.instance}", 1), *limits):
            descriptor = held(name, slots)
            if descriptor is None:
                write(f"full:{name}", me)
            else:
                stack.callback(os.close, descriptor)
        try:
            yield me
        except BaseException:
            write("failed", me)
            raise
        write("success", me)


def work(*limits: tuple[str, int], fails_first: bool = False, fails: bool = False) -> int:
    """Be busy for a moment; mostly short, now and then seconds."""
    with on_record(*limits) as me:
        seconds = get_current_context()["dag_run"].conf.get("seconds")
        if seconds is None:
            seconds = [random.choice([0.01, 0.05, 0.1, 0.3, 1.0])]
        time.sleep(seconds[me.instance % len(seconds)])  # in a task
        if fails or (fails_first and me.try_number == 1):
            raise RuntimeError("as planned")
        return int(me.map_index)


def make(dag_id: str, **more: Any) -> DAG:
    """Return a DAG with what all of them have."""
    options = {"schedule": None, "max_active_runs": 50, "default_args": RETRIES, "max_active_tasks": 100} | more
    return DAG(dag_id, start_date=pendulum.datetime(2026, 1, 1), catchup=False, **options)


with make("chain"):
    last: Any = None
    for number in range(5):
        link = task(task_id=f"link_{number}")(work)()
        if last is not None:
            last >> link
        last = link

with make("fan"):
    first = task(task_id="first")(work)()
    rest = task(task_id="rest")(work)()
    for number in range(6):
        first >> task(task_id=f"narrow_{number}", pool="narrow")(work)(("pool-narrow", NARROW_SLOTS)) >> rest

with make("limited", max_active_tasks=LIMITED_TASKS, max_active_runs=2):
    for number in range(3):
        task(task_id=f"one_{number}")(work)(("dag-limited", LIMITED_TASKS))

with make("mapped"):

    @task
    def listing() -> list[int]:
        """Give the mapped task its length."""
        work()
        return list(range(random.randint(0, 5)))

    @task
    def each(number: int) -> int:
        """Run once for each of them."""
        work()
        return number

    @task(trigger_rule="none_failed")
    def total(numbers: Any) -> int:
        """Take what came out."""
        work()
        return sum(numbers or [])

    total(each.expand(number=listing()))

with make("flaky"):
    task(task_id="before")(work)() >> task(task_id="flaky")(work)(fails_first=True) >> task(task_id="after")(work)()

with make("branching"):

    @task.branch
    def choose() -> str:
        """Go left or right."""
        work()
        return random.choice(["left", "right"])

    sides = [task(task_id=side)(work)() for side in ("left", "right")]
    join = task(task_id="join", trigger_rule="none_failed_min_one_success")(work)()
    choose() >> sides >> join

with make("failing"):
    task(task_id="fails", retries=1)(work)(fails=True) >> task(task_id="never")(work)()

with make("ticking", schedule=pendulum.duration(seconds=TICK_SECONDS), max_active_runs=3):
    task(task_id="tick")(work)()

with make("long", max_active_tasks=1000):
    for number in range(100):
        task(task_id=f"long_{number}")(work)()
