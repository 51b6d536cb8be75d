"""The one thread of a worker that talks to the database.

The supervisor's loop must not wait for a database that hangs: it reads logs, watches timeouts, and at the end of the
isolation grace kills its tasks. Handing a job over and back costs two switches of threads, which buys that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from tradewind.execution.loop import Loop

Result = TypeVar("Result")
Finish = Callable[[], None]


class Clerk:
    """Does jobs one after the other in a thread of its own, and hands their results to callbacks in the loop.

    Arguments:
        loop: whose thread calls `submit` and gets the callbacks.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._jobs: SimpleQueue[Callable[[], Finish] | None] = SimpleQueue()
        self._finished: deque[Finish] = deque()
        self._thread = threading.Thread(target=self._work, name="tradewind-database", daemon=True)
        self._thread.start()

    def submit(
        self, job: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Do `job` in the thread; then call `done` with its result, or `failed` with its exception, in the loop."""

        def run() -> Finish:
            try:
                result = job()
            except Exception as error:  # noqa: BLE001  (handed to the loop, which decides by its kind)
                return _bound(failed, error)
            return _bound(done, result)

        self._jobs.put(run)

    def collect(self) -> None:
        """Call the callbacks of finished jobs; the loop calls it every round."""
        while self._finished:
            self._finished.popleft()()

    def close(self, seconds: float) -> None:
        """Wait for the jobs submitted so far, at most so many seconds."""
        self._jobs.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._finished.append(job())
            self._loop.wake()


def _bound(callback: Callable[[Any], None], argument: Any) -> Finish:
    return lambda: callback(argument)
