"""The local executor: a worker process on this host, and the watcher that starts it, sees it end, and starts the next.

The watcher is the process that the worker's death leaves standing (`tradewind worker`). It alone can say at once, and for
certain, that the worker's processes ended; without it the tries would wait for the isolation grace. What is said to the
database is said by a process of its own (`inquest`), so that the watcher, which waits for weeks, does without the database.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Submission, Ticket

from tradewind.config import Config, load
from tradewind.execution.journal import journal_path, journals, read_journal
from tradewind.execution.prestart import MARK, Prestarted, worker_process
from tradewind.execution.processes import become_subreaper
from tradewind.execution.remains import kill_remains, reap_session
from tradewind.metrics.relaying import retell

if TYPE_CHECKING:
    from tradewind.execution.local_tickets import LocalTickets

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
HEALTHY_SECONDS = 30.0
NOT_STARTED = 1


class LocalExecutor(Executor):
    """See `tradewind_plugins.contracts.executor.Executor`. Its worker claims from the database, so a submission is a wake-up.

    Arguments:
        config: of this installation; the worker reads the same, from `environ`.
        environ: of the processes that it starts.
    """

    pulls = True
    lists_all = True

    def __init__(self, config: Config, *, environ: Mapping[str, str] | None = None) -> None:
        self._config = config
        given = os.environ if environ is None else environ
        self._environ = {**given, "TRADEWIND_HOME": str(config.home)}
        self._worker = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._settling = threading.Lock()  # two threads have ends reported: of leftovers, and of our own worker
        self._begun: Prestarted | None = None
        self.worker_started = threading.Event()

    @classmethod
    def open(cls, setup: ExecutorSetup) -> LocalExecutor:
        """See `Executor.open`."""
        return cls(load(Path(setup.home), setup.environ).config, environ=setup.environ)

    def begin_with(self, begun: Prestarted) -> None:
        """Take a worker that was begun already as the first one."""
        self._begun = begun

    @property
    def worker(self) -> str:
        """The id of the worker that runs now."""
        return self._worker

    @property
    def pid(self) -> int | None:
        """The worker's process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start a worker, and a thread that watches it and starts the next when it dies."""
        become_subreaper()
        self._thread = threading.Thread(target=self._watch, name="tradewind-watcher", daemon=True)
        self._thread.start()
        self.worker_started.wait()

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Have the worker take nothing new, end when its tasks have, or after `drain_seconds` end them."""
        try:
            self._stop(drain_seconds)
        finally:
            if "_tickets" in vars(self):
                self._tickets.close()

    def hurry(self) -> None:
        """End the worker's tasks: that is what a second SIGTERM says to it."""
        if self._process is not None:
            self._process.terminate()

    def _stop(self, drain_seconds: float) -> None:
        self._stopping.set()
        with self._starting:
            process = self._process
        if process is None or self._thread is None:
            return
        process.terminate()
        try:
            process.wait(max(drain_seconds, 0.1))
        except subprocess.TimeoutExpired:
            process.terminate()  # the second one ends its tasks
        try:
            process.wait(self._config.execution.kill_delay * 2)
        except subprocess.TimeoutExpired:
            process.kill()
        self._thread.join()

    def _watch(self) -> None:
        # Beside the next worker's start, as often as it takes: the database may be away just now
        threading.Thread(target=self._settle_leftovers, name="tradewind-leftovers", daemon=True).start()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._starting:
                if self._stopping.is_set():
                    return
                process = self._process = self._spawned()
            self.worker_started.set()
            code = process.wait() if process is not None else NOT_STARTED
            if process is not None:
                self._settle(code)
                reap_session(process.pid)
            is_healthy = time.monotonic() - began > HEALTHY_SECONDS
            pause = FIRST_PAUSE if is_healthy else min(LONGEST_PAUSE, pause * 2)
            self._stopping.wait(pause if code else 0.0)

    def _spawned(self) -> subprocess.Popen[bytes] | None:
        """Start a worker; None where the system has no room for a process just now."""
        try:
            return self._spawn()
        except OSError as error:
            log.error("no worker could be started (%s): it is tried again", error)  # noqa: TRY400  (the sentence says it)
            return None

    def _spawn(self) -> subprocess.Popen[bytes]:
        begun, self._begun = self._begun, None
        if begun is not None:
            self._worker = begun.worker
            begun.go()
            return begun.process
        self._worker = str(uuid4())
        return worker_process(self._environ, self._worker)

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _settle(self, code: int) -> None:
        """End what the worker left running, and have its end reported; one that left in order has said so itself."""
        cause = (
            f"worker process ended with exit code {code}" if code >= 0 else f"worker process killed by signal {-code}"
        )
        path = journal_path(self._config.home, self._worker)
        sessions = read_journal(path).sessions
        self._insist(lambda: _ended(self._worker, sessions))
        if path.exists():
            self._insist(lambda: self._inquire(self._worker, cause))

    def _settle_leftovers(self) -> None:
        """Have the ends of workers reported that died with their watcher."""
        own = journal_path(self._config.home, self._worker)
        if any(path != own for path in journals(self._config.home)):
            self._insist(self._inquire)

    def _insist(self, work: Callable[[], bool]) -> None:
        """Do something until it is done, or this executor is told to stop."""
        pause = FIRST_PAUSE
        while not _tried(work):
            if self._stopping.wait(pause):
                return
            pause = min(LONGEST_PAUSE, pause * 2)

    def _inquire(self, *whom: str) -> bool:
        """Start the process that reports ends, and wait for it; tell whether it has reported them."""
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

    # --- the contract's verbs that apply ------------------------------------------------------------------------------

    @cached_property
    def _tickets(self) -> LocalTickets:
        # Only where somebody asks: what it imports is three quarters of what this process would hold otherwise
        from tradewind.execution.local_tickets import LocalTickets  # noqa: PLC0415

        return LocalTickets(self._config)

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Wake the worker: it claims from the database what is queued."""
        return self._tickets.submit(tickets)

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Wake the worker: it compares what it runs with the database, where the tries' tokens have been raised."""
        self._tickets.submit(tickets)

    def list_alive(self) -> Sequence[Ticket]:
        """Return the tries that the worker runs, by the database."""
        return self._tickets.alive(self._worker)

    def capacity(self) -> Capacity:
        """Return the worker's slots, and how many are free."""
        return self._tickets.capacity(self._worker)


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
