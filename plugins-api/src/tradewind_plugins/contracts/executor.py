"""The executor contract: where the tries of tasks run. It knows tickets only: no session, no DAG, no user code.

`tradewind worker --executor NAME` makes one, starts it and stops it. Nothing submits tickets to it yet: the workers of
Tradewind's own executor take theirs from the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tradewind_plugins.values import Value, field

__all__ = ["Capacity", "Executor", "ExecutorSetup", "Hint", "Submission", "Ticket"]


class Ticket(Value):
    """One dispatch of one try: all that travels to where it runs.

    Args:
        instance: The task instance, as the database numbers it.
        token: Which dispatch of it this is; a ticket with an older token does nothing.
        queue: The queue the task asks for, or None.
        options: What the task asks of its executor, as plain JSON values.
    """

    instance: int
    token: int
    queue: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.instance, self.token))


class Submission(Value):
    """The executor's answer to one ticket.

    Args:
        ticket: The ticket.
        accepted: Whether the executor takes it on.
        reason: Why not; for people.
    """

    ticket: Ticket
    accepted: bool
    reason: str | None = None

    def __hash__(self) -> int:
        return hash((self.ticket, self.accepted))


class Hint(Value):
    """Something the executor saw of a try. A hint speeds things up; the database decides.

    Args:
        instance: The task instance.
        token: The dispatch of it that was seen.
        kind: `started`, `ended` or `gone` (its process ended without an outcome, for certain).
        exit_code: Of the process, where it is known; negative for a signal.
        detail: A sentence for people, such as the reason of an eviction.
    """

    instance: int
    token: int
    kind: str
    exit_code: int | None = None
    detail: str | None = None


class Capacity(Value):
    """How many more tries the executor would take now.

    Args:
        free: Slots; None means that the executor sets no limit.
        total: All its slots, or None.
    """

    free: int | None
    total: int | None = None


class ExecutorSetup(Value):
    """What an executor is told when it is made.

    Args:
        name: The name under which it was declared; tasks say `executor=name`.
        home: The folder TRADEWIND_HOME.
        slots: The setting `executor.slots`.
        environ: For the processes that it starts: the environment that leads them to this installation.
    """

    name: str
    home: str
    slots: int
    environ: Mapping[str, str] = field(default_factory=dict, secret=True)

    def __hash__(self) -> int:
        return hash((self.name, self.home, self.slots))


class Executor:
    """Runs tries somewhere.

    Its methods are called from one thread and return without waiting for a try; `stop` alone waits, and `hurry` comes
    from a signal handler meanwhile.
    """

    contract_version: ClassVar[str] = "0.1"

    @classmethod
    def open(cls, setup: ExecutorSetup) -> Executor:
        """Return the executor of an installation; one that needs none of the setup is made without arguments."""
        return cls()

    def start(self) -> None:
        """Called once before the first ticket."""

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """Called once at the end. Tries that still run after the drain are left to be found by their lease."""

    def hurry(self) -> None:
        """Called where somebody asks again to stop while `stop` waits: end the tries instead of waiting for them."""

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Take tickets on or refuse them, one answer each. Accepting a ticket twice must start it once."""
        raise NotImplementedError(f"{type(self).__name__} does not implement submit")

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Ask for these tries to be stopped, if they run here. Unknown ones are no error."""
        raise NotImplementedError(f"{type(self).__name__} does not implement cancel")

    def observe(self) -> Sequence[Hint]:
        """Return what was seen since the last call, without waiting."""
        return ()

    def list_alive(self) -> Sequence[Ticket]:
        """Return the tickets whose tries run or wait here now; the truth after a restart, where hints may be lost."""
        raise NotImplementedError(f"{type(self).__name__} does not implement list_alive")

    def capacity(self) -> Capacity:
        """Return how many more tries would be taken now."""
        raise NotImplementedError(f"{type(self).__name__} does not implement capacity")
