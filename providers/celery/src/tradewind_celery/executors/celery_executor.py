"""The executor whose tries run on Celery's workers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Hint, Submission, Ticket
from tradewind_plugins.exceptions import ConnectionFailed

from tradewind_celery.app import make_app
from tradewind_celery.looking import Look, look
from tradewind_celery.messages import TASK, id_of
from tradewind_celery.options import NAME, CeleryOptions, mask, shown

__all__ = ["CeleryExecutor"]

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
"""After which workers are asked again."""
LONGEST_NAME = 200
MOST_LIVES = 1000


class CeleryExecutor(Executor):
    """See `tradewind_plugins.contracts.executor.Executor`. A ticket is a message of Celery's; see `tradewind celery worker`.

    Args:
        options: Of the installation.
        slots: How many tries are submitted while no worker says how many it runs.
    """

    lists_all: ClassVar[bool] = False  # a worker that is slow to answer, or cut off, may run tries all the same

    def __init__(self, options: CeleryOptions, slots: int) -> None:
        self._options = options
        self._slots = slots
        self._app = make_app(options, sends=True)
        self._lock = threading.Lock()
        self._sight = Look()
        self._sent_since = 0
        self._queues = {options.default_queue}
        self._sent: set[tuple[int, int]] | None = set()
        self._hints: list[Hint] = []
        self._running: set[Ticket] = set()
        self._told: dict[str, int] = {}
        self._is_away = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def open(cls, setup: ExecutorSetup) -> CeleryExecutor:
        """See `Executor.open`.

        Raises:
            TradewindConfigException: An option is missing, unknown, or cannot be used.
        """
        return cls(CeleryOptions.of(setup), setup.slots)

    def __repr__(self) -> str:
        return f"CeleryExecutor({shown(self._options.broker_url)})"

    def start(self) -> None:
        """Begin to look at workers, in a thread."""
        self._thread = threading.Thread(target=self._keep_looking, name="tradewind-celery-looking", daemon=True)
        self._thread.start()

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Let go of the broker. Workers go on with what they have, without us."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        # Its connections are Celery's for the whole process: to close one whose broker is away would wait for an answer
        self._app.close()

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Send a message for each ticket.

        Raises:
            ConnectionFailed: The broker is away, or refuses the login. What was sent before is sent again then, without harm.
        """
        if not tickets:
            return []
        answers = []
        try:
            with self._app.producer_or_acquire() as producer:
                for ticket in tickets:
                    answers.append(self._send(ticket, producer))
        except Exception as error:
            raise self._failed(error) from error
        return answers

    def _send(self, ticket: Ticket, producer: Any) -> Submission:
        queue = self._options.default_queue if ticket.queue is None else ticket.queue
        problem = _problem_of(queue)
        if problem:
            return Submission(ticket=ticket, accepted=False, reason=problem)
        self._app.send_task(
            TASK,
            kwargs={"instance": ticket.instance, "token": ticket.token, "queue": ticket.queue},
            task_id=id_of(ticket),
            queue=queue,
            producer=producer,
        )
        with self._lock:
            self._sent_since += 1
            self._queues.add(queue)
            if self._sent is not None:
                self._sent.add((ticket.instance, ticket.token))
        return Submission(ticket=ticket, accepted=True)

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Have workers drop the messages that have not begun, and end the commands that run.

        Raises:
            ConnectionFailed: The broker is away.
        """
        if not tickets:
            return
        try:
            ids = [id_of(ticket) for ticket in tickets]
            _twice(lambda: self._app.control.revoke(ids, terminate=True, signal="SIGTERM"))
        except Exception as error:
            raise self._failed(error) from error

    def observe(self) -> Sequence[Hint]:
        """Return what workers have told since the last call: tries that started there, and commands that ended."""
        with self._lock:
            hints, self._hints = self._hints, []
        return hints

    def list_alive(self) -> Sequence[Ticket]:
        """Return the tickets that workers say they have. What waits in the broker is not among them.

        Raises:
            ConnectionFailed: The broker is away.
        """
        try:
            return _twice(lambda: look(self._app, ()).alive)
        except Exception as error:
            raise self._failed(error) from error

    def capacity(self) -> Capacity:
        """Return what the workers have free, as they said some seconds ago; while there is none, what the setting allows."""
        with self._lock:
            if self._sight.slots:
                free, total = self._sight.free(), self._sight.slots
            else:
                free, total = self._slots - sum(self._sight.queued.values()), self._slots
            return Capacity(free=max(0, free - self._sent_since), total=total)

    def _keep_looking(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - whatever the client library raises, it is tried again
                if not self._is_away:
                    log.warning("%s; it is tried again", self._failed(error))
                self._is_away = True
            else:
                if self._is_away:
                    log.info("CeleryExecutor reaches its broker again")
                self._is_away = False
            self._stopping.wait(LOOK_SECONDS)

    def _look(self) -> Look:
        with self._lock:
            sent, queues = self._sent_since, sorted(self._queues)
        seen = look(self._app, queues)
        with self._lock:
            self._sight = seen
            self._sent_since = max(0, self._sent_since - sent)
            self._queues |= {queue for each in seen.workers for queue in each.queues}
            self._hints += self._news(seen)
            self._sent = None
        return seen

    def _news(self, seen: Look) -> Sequence[Hint]:
        """Return what is new since the look before. The first one knows only of what was sent by this executor."""
        running = {ticket for each in seen.workers for ticket in each.running}
        ends = []
        for worker in seen.workers:
            before = self._told.get(worker.life, 0)
            ends += [each for each in worker.ended if each.number > before and self._is_ours(each.ticket)]
            self._told[worker.life] = max([before, *(each.number for each in worker.ended)])
        while len(self._told) > MOST_LIVES:
            self._told.pop(next(iter(self._told)))
        hints = [_hint(ticket, "started") for ticket in running - self._running]
        self._running = running
        return [*hints, *(_hint(each.ticket, "ended", each.exit_code, each.detail) for each in ends)]

    def _is_ours(self, ticket: Ticket) -> bool:
        return self._sent is None or (ticket.instance, ticket.token) in self._sent

    def _failed(self, error: Exception) -> Exception:
        """Return what a person can read of an error of the client library."""
        if isinstance(error, ConnectionFailed):
            return error
        where = f"{shown(self._options.broker_url)} (option broker_url of {NAME} in the setting executor.options)"
        cause = mask(f"{type(error).__name__}: {error}", self._options)
        return ConnectionFailed(f"CeleryExecutor cannot use its broker {where}: {cause}")


def _twice(ask: Callable[[], Answer]) -> Answer:
    """Ask again where the first time fails: a connection that was kept may be one from before the broker started again."""
    try:
        return ask()
    except Exception:  # noqa: BLE001 - each broker's client has its own
        return ask()


def _hint(ticket: Ticket, kind: str, exit_code: int | None = None, detail: str | None = None) -> Hint:
    return Hint(instance=ticket.instance, token=ticket.token, kind=kind, exit_code=exit_code, detail=detail)


def _problem_of(queue: str) -> str | None:
    """Return why no worker can take messages of a queue; None where one can."""
    if not queue or queue != queue.strip() or "," in queue:
        return f"the queue {queue!r} cannot be named to a worker: it is empty, or has commas or spaces around it"
    if len(queue.encode()) > LONGEST_NAME:
        return f"the name of the queue {queue[:20]!r}… is longer than {LONGEST_NAME} bytes, which brokers refuse"
    return None
