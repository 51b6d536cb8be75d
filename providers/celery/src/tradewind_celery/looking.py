"""What live workers say of themselves, asked through the broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tradewind_plugins.contracts.executor import Ticket
from tradewind_plugins.values import Value, field

from tradewind_celery.messages import STATE

__all__ = ["Ended", "Look", "WorkerState", "look"]

ANSWER_SECONDS = 1.0
"""For which the answers of workers are awaited."""


class Ended(Value):
    """A message that a worker is done with.

    Args:
        number: Which one of those of this worker.
        ticket: What it was about.
        exit_code: Of the process that ran the try, or None where none ran.
        detail: Why, for people.
    """

    number: int
    ticket: Ticket
    exit_code: int | None = None
    detail: str | None = None


class WorkerState(Value):
    """One worker.

    Args:
        name: Its name.
        life: Differs from that of another worker that had the name before.
        slots: How many tries it runs at once.
        queues: Whose messages it takes.
        running: Tickets whose tries run there.
        waiting: Tickets whose messages it holds and has not begun.
        ended: The messages that it was done with lately.
    """

    name: str
    life: str
    slots: int
    queues: tuple[str, ...] = ()
    running: tuple[Ticket, ...] = ()
    waiting: tuple[Ticket, ...] = ()
    ended: tuple[Ended, ...] = ()


class Look(Value):
    """What was seen at one moment.

    Args:
        workers: Those that answered.
        queued: How many messages wait in the queues that somebody asked for, by name.
    """

    workers: tuple[WorkerState, ...] = ()
    queued: Mapping[str, int] = field(default_factory=dict)

    @property
    def slots(self) -> int:
        """How many tries all workers run at once."""
        return sum(each.slots for each in self.workers)

    @property
    def alive(self) -> list[Ticket]:
        """The tickets that workers have, each once."""
        return list(dict.fromkeys(ticket for each in self.workers for ticket in (*each.running, *each.waiting)))

    def free(self) -> int:
        """Return how many slots are neither busy nor about to be taken by messages that wait.

        A queue whose workers are all busy, or that has none, takes nothing away from the others.
        """
        idle = {each.name: max(0, each.slots - len(each.running) - len(each.waiting)) for each in self.workers}
        for queue, count in self.queued.items():
            waiting = count
            for worker in self.workers:
                if queue in worker.queues:
                    taken = min(idle[worker.name], waiting)
                    idle[worker.name] -= taken
                    waiting -= taken
        return sum(idle.values())


def look(app: Any, queues: Iterable[str]) -> Look:
    """Ask all workers what they run, and the broker what waits.

    Args:
        app: The application.
        queues: Of which the messages are counted.

    Raises:
        Exception: What the client library raises where the broker is away.
    """
    queued = _counted(app, sorted(queues))  # before, so that a message on its way is counted twice rather than not
    replies = app.control.broadcast(STATE, reply=True, timeout=ANSWER_SECONDS) or []
    answers = [(name, said) for reply in replies for name, said in reply.items()]
    workers = tuple(_worker(name, said) for name, said in answers if isinstance(said, dict) and "slots" in said)
    return Look(workers=workers, queued=queued)


def _worker(name: str, said: Mapping[str, Any]) -> WorkerState:
    ended = [
        Ended(number=number, ticket=Ticket(instance=instance, token=token), exit_code=code, detail=detail)
        for number, instance, token, code, detail in said["ended"]
    ]
    return WorkerState(
        name=name,
        life=str(said["life"]),
        slots=int(said["slots"]),
        queues=tuple(said["queues"]),
        running=_tickets(said["running"]),
        waiting=_tickets(said["waiting"]),
        ended=tuple(ended),
    )


def _tickets(pairs: Sequence[Sequence[int]]) -> tuple[Ticket, ...]:
    return tuple(Ticket(instance=instance, token=token) for instance, token in pairs)


def _counted(app: Any, queues: Sequence[str]) -> dict[str, int]:
    found = {}
    with app.connection_or_acquire() as connection:
        # One that had an error is closed and in the pool again, and opens itself by this alone
        connection.ensure_connection(max_retries=1, interval_start=0)
        for queue in queues:
            channel = (
                connection.channel()
            )  # of its own, as RabbitMQ closes one by which a queue is asked for that is not there
            try:
                found[queue] = int(channel.queue_declare(queue=queue, passive=True).message_count)
            except connection.channel_errors:
                found[queue] = 0
            finally:
                channel.close()
    return found
