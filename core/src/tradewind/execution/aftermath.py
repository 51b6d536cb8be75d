"""What the watcher of a worker does when that has ended: nothing of it is left running, and its end is reported.

What is said to the database is said by a process of its own (`inquest`), so that the watcher, which waits for weeks, does
without the database.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tradewind.execution.journal import journal_path, journals, read_journal
from tradewind.execution.prestart import MARK
from tradewind.execution.remains import kill_remains
from tradewind.metrics.relaying import retell

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


class Aftermath:
    """Settles the ends of workers of this host. Its methods may be called from several threads.

    Arguments:
        home: TRADEWIND_HOME, where the journals are.
        environ: of the processes that report ends.
        stopping: set when nothing is to be tried again.
    """

    def __init__(self, home: Path, environ: Mapping[str, str], stopping: threading.Event) -> None:
        self._home = home
        self._environ = environ
        self._stopping = stopping
        self._settling = threading.Lock()  # two threads have ends reported: of leftovers, and of their own worker

    def settle(self, worker: str, code: int) -> None:
        """End what a worker left running, and have its end reported; one that left in order has said so itself.

        Arguments:
            code: the exit code of its process, negative for a signal.
        """
        cause = (
            f"worker process ended with exit code {code}" if code >= 0 else f"worker process killed by signal {-code}"
        )
        path = journal_path(self._home, worker)
        sessions = read_journal(path).sessions
        self._insist(lambda: _ended(worker, sessions))
        if path.exists():
            self._insist(lambda: self.inquire(worker, cause))

    def settle_leftovers(self, own: Callable[[], str]) -> None:
        """Have the ends of workers reported that died with their watcher.

        Arguments:
            own: returns the worker that is no leftover.
        """
        mine = journal_path(self._home, own())
        if any(path != mine for path in journals(self._home)):
            self._insist(self.inquire)

    def _insist(self, work: Callable[[], bool]) -> None:
        """Do something until it is done, or nothing is to be tried again."""
        pause = FIRST_PAUSE
        while not _tried(work):
            if self._stopping.wait(pause):
                return
            pause = min(LONGEST_PAUSE, pause * 2)

    def inquire(self, *whom: str) -> bool:
        """Start the process that reports ends, and wait for it; tell whether it has reported them.

        Arguments:
            whom: a worker and the cause of its end; those that died with their watcher, where it is left out.
        """
        answer, mouth = os.pipe()
        with self._settling, open(answer, encoding="utf-8") as told:  # noqa: PTH123  (a descriptor)
            try:
                process = subprocess.Popen(  # noqa: S603  (our own module)
                    [sys.executable, "-m", "tradewind.execution.inquest", str(mouth), *whom],
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # a Ctrl-C in the terminal does not keep an end from being reported
                    pass_fds=(mouth,),
                )
            finally:
                os.close(mouth)
            counted = told.read()
            code = process.wait()
        if code == 0:
            retell(counted)
        return code == 0


def _tried(work: Callable[[], bool]) -> bool:
    """Do something; where the system has no room for a process just now, it is not done."""
    try:
        return work()
    except OSError as error:
        log.warning("an end cannot be reported yet: %s", error)
        return False


def _ended(worker: str, sessions: set[int]) -> bool:
    """Kill what a worker that has ended left running; tell whether nothing of it is left."""
    try:
        killed = kill_remains(f"{MARK}={worker}", sessions)
    except RuntimeError as error:
        log.warning("the end of worker %s cannot be reported yet: %s", worker, error)
        return False
    if killed:
        log.warning("worker %s has ended, and the %d processes that it left were killed", worker, killed)
    return True
