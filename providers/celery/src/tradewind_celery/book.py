"""What a worker's main process knows of its messages: which it runs, and how those that it is done with ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from tradewind_plugins.clients import lazy_client

from tradewind_celery.messages import as_pair

__all__ = ["Book", "TryNotRun", "consumer_class", "request_class"]

consumers = lazy_client("celery.worker.consumer", extra="celery")
requests = lazy_client("celery.worker.request", extra="celery")
state = lazy_client("celery.worker.state", extra="celery")

ENDS_KEPT = 500


class TryNotRun(Exception):  # noqa: N818 - it is what happened
    """The command could not do its work. It goes from a process of Celery's to another by its arguments.

    Args:
        sentence: What happened.
        exit_code: Of the command; None where it could not be started.
    """

    def __init__(self, sentence: str, exit_code: int | None = None) -> None:
        super().__init__(sentence, exit_code)
        self.sentence = sentence
        self.exit_code = exit_code

    def __str__(self) -> str:
        return self.sentence


class Book:
    """The messages of one worker."""

    def __init__(self) -> None:
        self.life = uuid4().hex
        self.begun: dict[str, Any] = {}
        """Celery's request by the id of each message that is in the pool."""
        self._ends: deque[list[Any]] = deque(maxlen=ENDS_KEPT)
        self._number = 0

    def end(self, task_id: str, exit_code: int | None, detail: str | None) -> None:
        """Note that a message is done."""
        self.begun.pop(task_id, None)
        pair = as_pair(task_id)
        if pair is not None:
            self._number += 1
            self._ends.append([self._number, *pair, exit_code, detail])

    def ends(self) -> list[list[Any]]:
        """Return how those ended that were done lately: number, instance, token, exit code, sentence."""
        return list(self._ends)


def request_class(book: Book) -> type[Any]:
    """Return a class of Celery's requests that keeps a book.

    Args:
        book: It is told of what begins and ends; a message that comes again while it is in the pool is done at once.
    """

    made: list[type[Any]] = []

    def made_of(self: Any, message: Any, *args: Any, connection_errors: Sequence[Any] = (), **kwargs: Any) -> None:
        # Where the connection that a message came by is gone, Redis' client raises this when the message is acknowledged,
        # and the worker would end of it. The message comes again, and finds its try claimed
        errors = (*(connection_errors or ()), AttributeError)
        requests.Request.__init__(self, message, *args, connection_errors=errors, **kwargs)

    def revoked(self: Any) -> bool:
        """Tell whether it is not to begin; asked just before it does."""
        if requests.Request.revoked(self):
            return True
        first = book.begun.get(self.id)
        if first is None:
            book.begun[self.id] = self
            return False
        requests.info("%s runs here already: its second message is done", self.id)
        state.reserved_requests.discard(self)
        state.requests[self.id] = first  # by which the one that runs is found
        self.acknowledge()
        return True

    def terminate(self: Any, pool: Any, signal: Any = None) -> None:
        # A message that is done has left its process to another one, which would be ended in its place
        if book.begun.get(self.id) is self:
            requests.Request.terminate(self, pool, signal)

    def on_failure(self: Any, problem: Any, *args: Any, **kwargs: Any) -> Any:
        error = getattr(problem.exception, "exc", problem.exception)
        if isinstance(error, TryNotRun):
            book.end(self.id, error.exit_code, error.sentence)
        else:
            book.begun.pop(self.id, None)  # its process is lost: the broker gives the message out again
        return requests.Request.on_failure(self, problem, *args, **kwargs)

    def subclassed(cls: Any, /, **kwargs: Any) -> None:
        # Celery derives a faster class for each task, with an `on_success` that calls nobody else's
        super(made[0], cls).__init_subclass__(**kwargs)
        if "on_success" in vars(cls):
            cls.on_success = _telling(vars(cls)["on_success"], book)

    parts: dict[str, Any] = {"__init__": made_of, "revoked": revoked, "terminate": terminate, "on_failure": on_failure}
    parts["__init_subclass__"] = classmethod(subclassed)
    made.append(type("TryRequest", (requests.Request,), parts))
    return made[0]


def consumer_class() -> type[Any]:
    """Return Celery's class of consumers, which outlives a broker that goes away."""

    def on_connection_error_after_connected(self: Any, error: Exception) -> None:
        # What it does last is to close a connection that is broken already: of Redis' that raises this at times, and the
        # worker would end of it instead of reaching for the broker again
        with suppress(AttributeError):
            consumers.Consumer.on_connection_error_after_connected(self, error)

    parts = {"on_connection_error_after_connected": on_connection_error_after_connected}
    return type("PatientConsumer", (consumers.Consumer,), parts)


def _telling(theirs: Callable[..., Any], book: Book) -> Callable[..., Any]:
    def on_success(self: Any, outcome: Any, **kwargs: Any) -> Any:
        is_failed, value, _seconds = outcome
        if not is_failed:
            book.end(self.id, int(value), None)
        return theirs(self, outcome, **kwargs)

    return on_success
