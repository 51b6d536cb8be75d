"""The local executor: a worker process on this host, and the watcher that starts it, sees it end, and starts the next.

The watcher is the process that the worker's death leaves standing (`tradewind worker`). It alone can say at once, and for
certain, that the worker's processes ended (`aftermath`); without it the tries would wait for the isolation grace.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Submission, Ticket

from tradewind.config import Config, load
from tradewind.execution.aftermath import FIRST_PAUSE, LONGEST_PAUSE, Aftermath
from tradewind.execution.prestart import Prestarted, worker_process
from tradewind.execution.processes import become_subreaper
from tradewind.execution.remains import reap_session

if TYPE_CHECKING:
    from tradewind.execution.local_tickets import LocalTickets

log = logging.getLogger(__name__)

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
        self._aftermath = Aftermath(config.home, self._environ, self._stopping)
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
        settle = partial(self._aftermath.settle_leftovers, lambda: self._worker)
        threading.Thread(target=settle, name="tradewind-leftovers", daemon=True).start()
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
                self._aftermath.settle(self._worker, code)
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
