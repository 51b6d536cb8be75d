"""The local executor: a worker process on this host, and the watcher that starts it, sees it end, and starts the next.

The watcher is the process that the worker's death leaves standing (a scheduler, or `standalone`). It alone can say at once,
and for certain, that the worker's processes ended; without it the tries would wait for the isolation grace.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import DBAPIError
from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Submission, Ticket

from tradewind.config import Config, load
from tradewind.execution.evidence import Coroner
from tradewind.execution.prestart import Prestarted, worker_process
from tradewind.execution.processes import become_subreaper
from tradewind.execution.remains import reap_session
from tradewind.execution.shelf import Shelf
from tradewind.execution.worker import EXECUTOR
from tradewind.metadata.clock import Clock, SystemClock
from tradewind.metadata.engine import Database, open_database
from tradewind.metadata.ids import Ids, RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.statements.tickets import tries_of_worker
from tradewind.metadata.wakeups import Wakeups, open_wakeups, worker_channel
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
HEALTHY = timedelta(seconds=30)


class LocalExecutor(Executor):
    """See `tradewind_plugins.contracts.executor.Executor`. Its worker claims from the database, so a submission is a wake-up.

    Arguments:
        config: of this installation; the worker reads the same, from `environ`.
        database: the metadata database, for what is reported when the worker died.
        wakeups: wakes the worker; None leaves that to its polling.
        environ: of the worker's process.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        *,
        graphs: Graphs,
        clock: Clock,
        ids: Ids,
        wakeups: Wakeups | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._config = config
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._environ = dict(os.environ if environ is None else environ)
        self._coroner = Coroner(config.home, database, graphs=graphs, clock=clock, ids=ids, shelf=Shelf.open(config))
        self._worker = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._settling = threading.Lock()  # leftovers and our own worker are settled by two threads, with one coroner
        self._begun: Prestarted | None = None
        self.worker_started = threading.Event()
        self._own = ExitStack()

    @classmethod
    def open(cls, setup: ExecutorSetup) -> LocalExecutor:
        """See `Executor.open`: with a database and wake-ups of its own, which `stop` closes."""
        config = load(Path(setup.home), setup.environ).config
        clock = SystemClock()
        patience = Patience.of(config.database, config.leases)
        database = open_database(config.database, listened=listened_states(), patience=patience)
        wakeups = open_wakeups(database, config.home)
        made = cls(
            config,
            database,
            graphs=open_graphs(config.plugins.codec),
            clock=clock,
            ids=RandomIds(clock.now),
            wakeups=wakeups,
            environ=setup.environ,
        )
        made._own.callback(database.dispose)
        made._own.callback(wakeups.close)
        return made

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
        with self._own:
            self._stop(drain_seconds)

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
            began = self._clock.now()
            with self._starting:
                if self._stopping.is_set():
                    return
                process = self._process = self._spawn()
            self.worker_started.set()
            code = process.wait()
            self._settle(code)
            reap_session(process.pid)
            is_healthy = self._clock.now() - began > HEALTHY
            pause = FIRST_PAUSE if is_healthy else min(LONGEST_PAUSE, pause * 2)
            self._stopping.wait(pause if code else 0.0)

    def _settle_leftovers(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                with self._settling:
                    self._coroner.settle_leftovers()
            except (DBAPIError, RuntimeError) as error:
                log.warning("workers that died with their watcher cannot be reported yet: %s", error)
            else:
                return
            if self._stopping.wait(pause):
                return
            pause = min(LONGEST_PAUSE, pause * 2)

    def _spawn(self) -> subprocess.Popen[bytes]:
        begun, self._begun = self._begun, None
        if begun is not None:
            self._worker = begun.worker
            begun.go()
            return begun.process
        self._worker = str(uuid4())
        return worker_process({**self._environ, "TRADEWIND_HOME": str(self._config.home)}, self._worker)

    def _settle(self, code: int) -> None:
        """Report the worker's end, as often as it takes; a clean end has nothing left to report but costs little to check."""
        cause = (
            f"worker process ended with exit code {code}" if code >= 0 else f"worker process killed by signal {-code}"
        )
        pause = FIRST_PAUSE
        while True:
            try:
                with self._settling:
                    taken = self._coroner.settle(self._worker, cause)
            except (DBAPIError, RuntimeError) as error:
                log.warning("the end of worker %s cannot be reported yet: %s", self._worker, error)
                if self._stopping.wait(pause):
                    return
                pause = min(LONGEST_PAUSE, pause * 2)
                continue
            if self._wakeups is not None and taken.wake:
                self._wakeups.notify(taken.wake)
            return

    # --- the contract's verbs that apply ------------------------------------------------------------------------------

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Wake the worker: it claims from the database what is queued."""
        if self._wakeups is not None:
            self._wakeups.notify([worker_channel(EXECUTOR)])
        return [Submission(ticket=each, accepted=True) for each in tickets]

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Wake the worker: it compares what it runs with the database, where the tries' tokens have been raised."""
        self.submit(tickets)

    def list_alive(self) -> Sequence[Ticket]:
        """Return the tries that the worker runs, by the database."""
        with self._database.read() as conn:
            held = tries_of_worker(conn, self._worker)
        return [Ticket(instance=instance, token=token) for instance, token in sorted(held)]

    def capacity(self) -> Capacity:
        """Return the worker's slots, and how many are free."""
        total = self._config.executor.slots
        return Capacity(free=max(0, total - len(self.list_alive())), total=total)
