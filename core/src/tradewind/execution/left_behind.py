"""Ending what a task left running in its process group: SIGTERM, and after a while SIGKILL."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from functools import partial

from tradewind.execution.loop import Loop
from tradewind.execution.processes import has_group, send_signal
from tradewind.execution.running import Running
from tradewind.execution.telling import about_try

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1


class LeftBehind:
    """Ends the processes that tasks left behind.

    Arguments:
        loop: calls back.
        kill_delay: seconds between SIGTERM and SIGKILL.
        is_task: tells whether a task's process has that number now; numbers are used again.
    """

    def __init__(self, loop: Loop, kill_delay: float, is_task: Callable[[int], bool]) -> None:
        self._loop = loop
        self._kill_delay = kill_delay
        self._is_task = is_task

    def look_after(self, running: Running, pid: int) -> None:
        """End what is left of the group of a process that was reaped.

        A little later: what it left behind ended as well is reaped by then, and a chain does not wait for this.
        """
        self._loop.after(LOOK_SECONDS, partial(self._end, running, pid))

    def _end(self, running: Running, pid: int) -> None:
        if not self._is_left(pid):
            return
        log.warning(
            "%s.%s left processes behind: they are ended. One that shall outlive its task needs a session of its own",
            running.start.dag_id,
            running.start.task_id,
            extra=about_try(running.start),
        )
        send_signal(pid, signal.SIGTERM)
        self._loop.after(self._kill_delay, partial(self._kill, pid))

    def _kill(self, pid: int) -> None:
        if self._is_left(pid):
            send_signal(pid, signal.SIGKILL)

    def _is_left(self, pid: int) -> bool:
        return not self._is_task(pid) and has_group(pid)
