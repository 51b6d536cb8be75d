"""Running a DAG to its end in this one process, for `tradewind dags test` and for debuggers.

No daemon, no fork: the same transitions as everywhere, on a SQLite database in memory that is gone afterwards. `breakpoint()`
works in tasks, as their standard streams are this process's own. Three things differ, because somebody is looking:
retries do not wait, execution timeouts do not strike (they would while one thinks at a breakpoint), and Ctrl-C or quitting
the debugger ends the run. A rescheduled sensor waits its time, as what it waits for is outside.
"""

from __future__ import annotations

import logging
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tradewind.authoring.dag import DAG
from tradewind.config import Config
from tradewind.execution import results
from tradewind.execution.answers import Answered, Answers
from tradewind.execution.callback_fields import callback_fields
from tradewind.execution.callback_run import run_callbacks
from tradewind.execution.deferral_rows import resumptions
from tradewind.execution.direct_lifecycle import start_message
from tradewind.execution.instants import instant
from tradewind.execution.masking import Masker
from tradewind.execution.messages import (
    Ended,
    LookAtRuns,
    Mask,
    Message,
    PullXCom,
    PushXCom,
    ReadAssetEvents,
    ReadTable,
    Reply,
    Request,
    Start,
)
from tradewind.execution.other_dags import OtherDags
from tradewind.execution.outcomes import one_line, outcome_of
from tradewind.execution.shelf import Shelf
from tradewind.execution.task_host import TaskHost
from tradewind.execution.task_log import LineFormatter
from tradewind.execution.task_run import run_try
from tradewind.execution.triggerer import inline
from tradewind.execution.versions import VersionFiles
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import continuations, tickets, xcoms
from tradewind.plugins.named_xcoms import open_xcom_storages
from tradewind.plugins.secrets import configured_secrets
from tradewind.serialization import SerializedDag, deserialize, serialize
from tradewind.transitions import admission, callbacks, claims, continuing, daemons, deferring, ends, past, timers
from tradewind.transitions.callbacks import CallbackResult, ClaimedCallback, Patience
from tradewind.transitions.daemons import Leases
from tradewind.transitions.deferring import Fired
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.runs import create_run
from tradewind.transitions.states import ENDED_RUN, TaskState
from tradewind.transitions.triggering import check_params
from tradewind.transitions.values import Claimer, Deferral, Ticket

if TYPE_CHECKING:
    _TextHandler = logging.StreamHandler[TextIO]
else:
    _TextHandler = logging.StreamHandler  # takes no parameter in Python 3.10

WORKER = "in-process"
EXECUTOR = "InProcessExecutor"
QUEUE = "default"
MANY = 1_000_000
VERSION = 1
ONCE = Patience(attempts=1)
OF_RUNS = frozenset({"dag_run", "task_instance", "xcom"})


@dataclass(frozen=True)
class TaskEnd:
    """How one task instance stands at the end of the run; `cause` is one line, for those that did not succeed."""

    task_id: str
    map_index: int
    state: str
    cause: str | None


@dataclass(frozen=True)
class Pushed:
    """A value that a task of the run has pushed."""

    task_id: str
    map_index: int
    key: str
    value: Any


@dataclass(frozen=True)
class InProcessRun:
    """A run that ended: its name, its state, its task instances in topological order, and what they pushed."""

    run_id: str
    state: str
    tasks: tuple[TaskEnd, ...]
    pushed: tuple[Pushed, ...] = ()


class Answering(Protocol):
    """What answers tasks that ask for connections, variables and settings."""

    def answer(self, start: Start, request: Request) -> Answered:
        """Return the reply, and the texts to mask from now on."""
        ...


def run_in_process(
    dag: DAG,
    *,
    config: Config,
    out: TextIO,
    logical_date: datetime | None = None,
    conf: Mapping[str, Any] | None = None,
    database: Database | None = None,
    answers: Answering | None = None,
    waits: bool = True,
    mark_success: str | re.Pattern[str] | None = None,
) -> InProcessRun:
    """Run a DAG to its end in this process and thread.

    Arguments:
        dag: as its file built it.
        config: for settings that tasks ask for, and for the key of stored secrets.
        out: where the tasks' logs are written; `print` in a task goes to this process's own standard output. Secrets are
            masked in both.
        logical_date: of the run, aware; now by default.
        conf: the run's conf; its values for the DAG's params are checked.
        database: the metadata database, in which connections and variables are looked up; it is only read, except for
            variables that tasks set. None: the environment only.
        answers: answers all but XComs, in place of environment and database.
        waits: whether a rescheduled sensor waits its time; if not, it looks again at once.
        mark_success: a regular expression: tasks whose id begins so succeed without being executed.
    Raises:
        ParamValidationError: a value of `conf` does not fit its param.
        SerializationError: the DAG cannot be serialized, so no daemon could run it either.
        KeyboardInterrupt: on Ctrl-C.
    """
    # A plain datetime, of what may be pendulum's: it reckons with durations of its own
    moment = datetime.fromisoformat((logical_date or datetime.now(timezone.utc)).isoformat())
    runner = _Runner(dag, config, moment, dict(conf or {}), shared=answers or database, waits=waits)
    runner.mark_success = None if mark_success is None else re.compile(mark_success)
    try:
        with logging_to(out, runner.masker):
            return runner.run()
    finally:
        runner.close()


class HurriedClock:
    """The system's clock, set forward when nothing but a retry's delay is waited for."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(timezone.utc) + self._ahead

    def sql_now(self) -> sa.ColumnElement[Any]:
        """See `Clock.sql_now`."""
        return sa.literal(self.now(), tables.Instant())

    def skip_to(self, moment: datetime) -> None:
        """Set the clock forward to `moment`."""
        self._ahead += max(timedelta(), moment - self.now())


class _Runner:
    """One run: its database in memory, and the loop that plays scheduler and worker.

    `mark_success` matches the ids of tasks that are not executed.
    """

    mark_success: re.Pattern[str] | None = None

    def __init__(
        self,
        dag: DAG,
        config: Config,
        moment: datetime,
        conf: dict[str, Any],
        *,
        shared: Answering | Database | None,
        waits: bool,
    ) -> None:
        self._dag = dag
        self._waits = waits
        self._memory = Database("sqlite://")
        self._clock = HurriedClock()
        self._ids = RandomIds(self._clock.now)
        self._graph = _local(deserialize(serialize(dag)))
        self._graphs = Graphs(loader=deserialize)
        self._graphs.put(VERSION, self._graph)
        self.masker = Masker()
        self._answers = _Answers(config, self._memory, shared, self._clock, self._graphs)
        check_params(self._graph, conf)
        tables.metadata.create_all(self._memory.engine)
        self._run_id = f"manual__{moment.isoformat()}"
        self._run = self._memory.write(lambda conn: self._prepare(conn, moment, conf))

    def _prepare(self, conn: sa.Connection, moment: datetime, conf: dict[str, Any]) -> int:
        pools = sorted({task.pool for task in self._graph.tasks.values()} | {"default_pool"})
        conn.execute(tables.pool.insert(), [{"name": name, "slots": MANY} for name in pools])
        conn.execute(tables.dag.insert().values(self._dag_row()))
        daemons.register(
            conn,
            daemon_id=WORKER,
            kind=daemons.WORKER,
            host=socket.gethostname(),
            pid=0,
            executor=EXECUTOR,
            slots=MANY,
            clock=self._clock,
            leases=Leases(duration=timedelta(days=365)),
        )
        interval = self._graph.timetable.manual_interval(moment)
        return create_run(
            conn,
            version_id=VERSION,
            graph=self._graph,
            run_id=self._run_id,
            run_type="manual",
            logical_date=moment,
            data_interval_start=interval.start,
            data_interval_end=interval.end,
            conf=conf,
            triggered_by="test",
            clock=self._clock,
            ids=self._ids,
            executor=EXECUTOR,
            queue=QUEUE,
        )

    def _dag_row(self) -> dict[str, Any]:
        """Return the row by which tasks that look at their own DAG find it, without limits."""
        return {
            "dag_id": self._dag.dag_id,
            "bundle": "",
            "path": "",
            "version_id": VERSION,
            "is_paused": False,
            "is_active": True,
            "max_active_runs": MANY,
            "max_active_tasks": MANY,
        }

    def run(self) -> InProcessRun:
        """Run task after task until the run has ended, or nothing in it can go on."""
        while self._memory.write(self._state) not in ENDED_RUN:
            claimed = self._memory.write(self._claim)
            for ticket in claimed:
                self._run_one(ticket)
            self._call_back()
            if not claimed and not self._wait():
                break
        return self._result()

    def close(self) -> None:
        """Forget the database."""
        self._memory.dispose()

    def _state(self, conn: sa.Connection) -> str:
        return str(tickets.read_run_state(conn, self._run))

    def _claim(self, conn: sa.Connection) -> tuple[Ticket, ...]:
        """Do what a scheduler does, then claim one try."""
        while self._carry_on(conn):
            pass
        timers.release_due(conn, clock=self._clock)
        admission.admit(conn, clock=self._clock)
        return claims.claim(conn, Claimer(WORKER, EXECUTOR, 1, self._ids.nonce()), clock=self._clock)

    def _carry_on(self, conn: sa.Connection) -> bool:
        """Go on with what was left over, and open gates to the past; tell whether there was anything."""
        rests = continuations.first(conn, MANY)
        for left in rests:
            continuing.go_on(conn, left, graphs=self._graphs, clock=self._clock, ids=self._ids)
        opened = past.openable(conn, self._graphs)
        for run, _dag_id, keys in opened:
            past.let_on(conn, run, keys, graphs=self._graphs, clock=self._clock, ids=self._ids)
        return bool(rests or opened)

    def _run_one(self, ticket: Ticket) -> None:
        start = self._memory.write(lambda conn: self._start(conn, ticket))
        logging.getLogger("tradewind.run").info("Task %s, try %d", _name(start), start.try_number)
        host = InProcessHost(start, self._answers, self.masker)
        ended = self._marked(start) or run_try(start, {self._dag.dag_id: self._dag}, host)
        logging.getLogger("tradewind.run").info("Task %s ended as %s", _name(start), ended.state)
        cause = None if ended.cause is None else one_line(self.masker.clean(ended.cause))
        outcome = replace(outcome_of(start, ended), ended_at=self._clock.now(), cause=cause)
        self._memory.write(
            lambda conn: ends.end(conn, [outcome], graphs=self._graphs, clock=self._clock, ids=self._ids)
        )
        if outcome.deferral is not None:
            self._wait_for_trigger(start, outcome.deferral, outcome.due_at, host)

    def _marked(self, start: Start) -> Ended | None:
        """Return the end of a try that is not executed, None for one that is."""
        if self.mark_success is None or not self.mark_success.match(start.task_id):
            return None
        now = instant(self._clock.now().timestamp())
        return Ended(TaskState.SUCCESS, now, now)

    def _wait_for_trigger(self, start: Start, deferral: Deferral, due_at: datetime | None, host: InProcessHost) -> None:
        """Run what a task waits for, here and now; one that is late is left to the timer."""
        seconds = None if due_at is None else (due_at - self._clock.now()).total_seconds()
        ended = inline.run(deferral.classpath, deferral.kwargs, host, seconds)
        if ended is None:
            return

        def work(conn: sa.Connection) -> None:
            (waiting,) = deferring.claim(conn, WORKER, most=1)
            fired = Fired(start.instance, start.token, waiting.claim, *ended)
            deferring.fire(conn, [fired], clock=self._clock)

        self._memory.write(work)

    def _call_back(self) -> None:
        """Call the callbacks that are due, each once: what fails is shown, and not tried again while somebody waits."""
        while owed := self._memory.write(
            partial(callbacks.claim, worker=WORKER, most=1, patience=ONCE, clock=self._clock)
        ):
            for each in owed:
                self._call_one(each)

    def _call_one(self, each: ClaimedCallback) -> None:
        start = self._memory.write(lambda conn: self._start(conn, each.ticket))
        start = replace(start, callback=callback_fields(each.owed))
        log = logging.getLogger("tradewind.run")
        host = InProcessHost(start, self._answers, self.masker)
        ended = run_callbacks(start, {self._dag.dag_id: self._dag}, host)
        error = None if ended.cause is None else one_line(self.masker.clean(ended.cause))
        if error is not None:
            log.error("%s failed: %s", each.owed.kind, error)
        result = CallbackResult(each.owed.id, each.owed.token, error=error, attempts=ONCE.attempts)
        self._memory.write(partial(callbacks.report, result=result, patience=ONCE, clock=self._clock))

    def _start(self, conn: sa.Connection, ticket: Ticket) -> Start:
        (run,) = tickets.read_runs(conn, [ticket.run])
        resumption = resumptions(conn, [ticket], _PlainText()).get(ticket.instance, {})
        folder = Path(self._dag.fileloc).parent
        return start_message(
            ticket,
            run,
            source_hash="",
            files=VersionFiles(folder, Path(self._dag.fileloc).name),
            waiting_since=tickets.first_start_of_try(conn, ticket.instance, ticket.try_number),
            hostname=socket.gethostname(),
            **resumption,
        )

    def _wait(self) -> bool:
        """Wait for the next thing that becomes due; False when there is none, so that nothing can go on."""
        with self._memory.read() as conn:
            due = tickets.next_due(conn, self._run)
        if due is None:
            return False
        if due.state == TaskState.UP_FOR_RETRY or not self._waits:
            self._clock.skip_to(due.due_at)
        else:
            time.sleep(max(0.0, (due.due_at - self._clock.now()).total_seconds()))
        return True

    def _result(self) -> InProcessRun:
        with self._memory.read() as conn:
            rows = tickets.read_ends(conn, self._run)
            state = self._state(conn)
            pushed = tuple(
                Pushed(row.task_id, row.map_index, row.key, results.load(row.value))
                for row in xcoms.of_run(conn, self._run)
            )
        ended = tuple(TaskEnd(row.task_id, row.map_index, row.state, row.cause) for row in rows)
        return InProcessRun(self._run_id, state, ended, pushed)


def _local(graph: SerializedDag) -> SerializedDag:
    """Return the graph with every task run here, whichever executor and queue it names."""
    here = {task_id: replace(task, executor=None, queue=None) for task_id, task in graph.tasks.items()}
    return replace(graph, tasks=here)


def _name(start: Start) -> str:
    return start.task_id if start.map_index < 0 else f"{start.task_id} [{start.map_index}]"


class _PlainText(Cipher):
    """Reads what lies unencrypted in the run's own memory."""

    def __init__(self) -> None:
        """Needs no key."""

    def decrypt(self, encrypted: str, *, of: str = "") -> str:
        """See `Cipher.decrypt`."""
        return encrypted


class _Answers:
    """XComs from the run's own database, everything else from elsewhere.

    Arguments:
        memory: the run's own database.
        shared: what answers the rest: something of its own, the installation's database, or None for the environment.
    """

    def __init__(
        self, config: Config, memory: Database, shared: Answering | Database | None, clock: Any, graphs: Graphs
    ) -> None:
        # Large values stay in memory like all others: nothing of this run outlives it
        shelf = Shelf(open_xcom_storages(config), sys.maxsize)
        ask = partial(
            Answers,
            config=config,
            cipher=open_cipher(config.security.fernet_key, config.home),
            secrets=configured_secrets(config.plugins),
            shelf=shelf,
            clock=clock,
        )
        others = partial(OtherDags, config=config, clock=clock, ids=RandomIds(clock.now), wake=_nobody)
        self._own = ask(memory, others=others(memory, graphs=graphs))
        elsewhere = partial(others, graphs=open_graphs(config.plugins.codec), is_home=False)
        self._shared: Answering = (
            self._own
            if shared is None
            else ask(shared, others=elsewhere(shared))
            if isinstance(shared, Database)
            else shared
        )

    def answer(self, start: Start, request: Request) -> Answered:
        """Return the reply and what to mask."""
        is_of_run = isinstance(request, ReadAssetEvents) and request.of == "run"
        if isinstance(request, (PushXCom, PullXCom)) or is_of_run:
            return self._own.answer(start, request)
        if isinstance(request, LookAtRuns) and request.dag_id == start.dag_id:
            return self._own.answer(start, request)
        if isinstance(request, ReadTable) and request.table in OF_RUNS:
            return self._of_runs(start, request)
        try:
            return self._shared.answer(start, request)
        except OperationalError:  # there is no installation (yet): what the environment lacks is missing
            return self._own.answer(start, request)

    def _of_runs(self, start: Start, request: ReadTable) -> Answered:
        """Answer from what the installation has, and with the first page give all that this run has."""
        if not isinstance(self._shared, Answers) or self._shared is self._own:
            return self._own.answer(start, request)
        try:
            reply, secrets = self._shared.answer(start, request)
        except OperationalError:  # as above
            return self._own.answer(start, request)
        if request.after is not None or reply.error is not None:
            return reply, secrets
        rows = [*self._own_rows(start, request), *reply.value["rows"]]
        return Reply({"rows": rows, "after": reply.value["after"]}), secrets

    def _own_rows(self, start: Start, request: ReadTable) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after = None
        while True:
            page = self._own.answer(start, replace(request, after=after))[0].value
            rows += page["rows"]
            after = page["after"]
            if after is None:
                return rows


def _nobody(_channels: set[str]) -> None:
    """Wake nobody: what a rehearsal makes in the installation is found when a scheduler polls."""


class InProcessHost(TaskHost):
    """Answers a task in its own process. Arguments as of `TaskHost`; `masker` learns the secrets that the task reads."""

    def __init__(self, start: Start, answers: _Answers, masker: Masker) -> None:
        super().__init__(start)
        self._answers = answers
        self._masker = masker

    def tell(self, item: Message) -> None:
        """Take secrets to mask; nothing else needs telling here."""
        if isinstance(item, Mask):
            self._masker.add(item.secrets)

    def ask(self, request: Request) -> Reply:
        """Answer from the databases."""
        reply, secrets = self._answers.answer(self.start, request)
        self._masker.add(secrets)
        return reply


class _MaskedHandler(_TextHandler):
    def __init__(self, out: TextIO, masker: Masker) -> None:
        super().__init__(out)
        self._masker = masker
        self.setFormatter(LineFormatter())

    def format(self, record: logging.LogRecord) -> str:
        """Format a record and replace the secrets in it by stars."""
        return self._masker.clean(super().format(record))


class _MaskedStream:
    """A text stream that replaces secrets by stars in what is written at once; everything else is the stream's own.

    Nothing is held back until a line is complete: somebody may sit at a debugger's prompt.
    """

    def __init__(self, stream: TextIO, masker: Masker) -> None:
        self._stream = stream
        self._masker = masker

    def write(self, text: str) -> int:
        """Write a text, masked."""
        self._stream.write(self._masker.clean(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has of that name."""
        return getattr(self._stream, name)


@contextmanager
def logging_to(out: TextIO, masker: Masker) -> Iterator[None]:
    """Have everything that is logged in the block written to `out` too, from INFO on, and mask what is printed."""
    root, handler = logging.getLogger(), _MaskedHandler(out, masker)
    level = root.level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO) if level else logging.INFO)
    printed, complained = (_MaskedStream(each, masker) for each in (sys.stdout, sys.stderr))
    try:
        with redirect_stdout(printed), redirect_stderr(complained):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
