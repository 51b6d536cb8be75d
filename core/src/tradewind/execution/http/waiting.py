"""A worker's ear at the web server: a thread that waits there, and wakes the loop when there may be something to claim.

See `tradewind.metadata.wakeups.Wakeups`. While the server cannot be asked, or has no room for who waits, there is no
descriptor to watch, so the worker's loop polls as it does whenever it hears nothing.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote

from tradewind.execution.http.connection import NotAdmitted, RefusedError
from tradewind.execution.http.lifecycle import Caller
from tradewind.execution.lifecycle import Unreachable

log = logging.getLogger(__name__)

WAIT_SECONDS = 15.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
HANG_UP_SECONDS = 0.1


class HttpWakeups:
    """Listens for wake-ups of an executor's workers.

    Arguments:
        caller: makes the calls, over a connection that nobody else uses.
        executor: whose tries are waited for.
    """

    def __init__(self, caller: Caller, executor: str) -> None:
        self._caller = caller
        self._executor = executor
        self._ear, self._bell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._hears = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="tradewind-wakeups", daemon=True)
        self._thread.start()

    def notify(self, channels: Iterable[str]) -> None:
        """See `Wakeups.notify`: the server wakes others."""

    def fileno(self) -> int:
        """See `Wakeups.fileno`."""
        return self._ear if self._hears else -1

    def drain(self) -> frozenset[str]:
        """See `Wakeups.drain`."""
        with suppress(BlockingIOError):
            if os.read(self._ear, 4096):
                return frozenset({self._executor})
        return frozenset()

    def close(self) -> None:
        """See `Wakeups.close`."""
        self._stopping.set()
        while self._thread.is_alive():  # it may just be about to wait once more
            self._caller.server.hang_up()
            self._thread.join(HANG_UP_SECONDS)
        os.close(self._ear)
        os.close(self._bell)

    def _listen(self) -> None:
        mark, pause = "", FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                found = self._wait(mark)
                mark, is_woken, self._hears = str(found["mark"]), found["is_woken"], found["has_room"] is True
            except (NotAdmitted, RefusedError, Unreachable, KeyError) as error:
                log.debug("no wake-ups, polling: %s", error)
                self._hears = is_woken = False
            if is_woken:
                with suppress(BlockingIOError):  # full of wake-ups: it will wake
                    os.write(self._bell, b"w")
            if self._hears:
                pause = FIRST_PAUSE
            else:
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
        self._caller.server.close()

    def _wait(self, mark: str) -> dict[str, object]:
        where = f"/workers/{quote(self._caller.worker)}/wait"
        query = f"executor={quote(self._executor)}&mark={quote(mark)}&seconds={WAIT_SECONDS:g}"
        return self._caller.server.call("GET", f"{where}?{query}", self._caller.credential())
