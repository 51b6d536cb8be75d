"""Starting each try in an interpreter of its own: where nothing may be forked (macOS). Slower by the imports, and simple."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from tradewind.execution.running import Running
from tradewind.execution.starter import Starter


class Interpreters(Starter):
    """Starts tries as `python -m tradewind.execution.fresh`; their processes are children of this one.

    Arguments:
        environ: of all tasks.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, running: Running) -> None:
        """See `Starter.start`."""
        if running.theirs is None:
            return
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-m", "tradewind.execution.fresh", *map(str, running.theirs)],
            pass_fds=running.theirs,
            env=self._environ,
            stdin=subprocess.DEVNULL,
        )
        self._processes[process.pid] = process
        running.close_theirs()

    def reaped(self, pid: int, status: int) -> bool:
        """See `Starter.reaped`."""
        process = self._processes.pop(pid, None)
        if process is not None:
            process.returncode = os.waitstatus_to_exitcode(status)
        return False

    def forget(self, running: Running) -> None:
        """See `Starter.forget`: it was started at once, and ends when it finds its channel closed."""

    def retire_stale(self) -> None:
        """See `Starter.retire_stale`: nothing is kept."""

    def close(self) -> None:
        """See `Starter.close`: the processes are those of the tasks, which have ended or are the watcher's."""
        for process in self._processes.values():
            process.returncode = process.returncode or 0
