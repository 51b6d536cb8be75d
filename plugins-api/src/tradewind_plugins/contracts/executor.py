"""The executor contract: where the tries of tasks run. It knows tickets only: no session, no DAG, no user code.

`tradewind worker --executor NAME` makes one and starts it. It submits a ticket for each try that is queued for the executor,
and passes on what the executor sees. Where a ticket has got to, `tradewind` is called with the words of `run_try_words`:
that claims the try, runs it and records how it ended. A claim is atomic on the token, so a ticket that arrives twice, late or
never does no harm: what has been claimed already is left alone, and what was not is submitted again.

An executor whose workers claim from the database themselves says so (`pulls`), and gets no tickets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tradewind_plugins.values import Value, field

__all__ = ["Capacity", "Executor", "ExecutorSetup", "Hint", "Submission", "Ticket", "run_try_words"]


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
        accepted: Whether the executor takes it on. One that is refused will never run as it is: its try fails. What
            cannot be taken on just now, as where a service is away, raises an error instead and is submitted again.
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
        kind: `started`; `ended` (the process where it ran has ended, which may have recorded an outcome or not); or `gone`:
            for certain nothing of it runs any more or ever will. A try that was claimed and then is gone ends as lost; one
            that was not is submitted again, and fails after some times.
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
        options: What the setting `executor.options` has for this name, as plain JSON values.
    """

    name: str
    home: str
    slots: int
    environ: Mapping[str, str] = field(default_factory=dict, secret=True)
    options: Mapping[str, Any] = field(default_factory=dict, secret=True)

    def __hash__(self) -> int:
        return hash((self.name, self.home, self.slots))


def run_try_words(ticket: Ticket, executor: str) -> list[str]:
    """Return what `tradewind` is called with, where a try is to run: the words of `tradewind tasks run-try`.

    It needs TRADEWIND_HOME and the database, and ends when the try's end is recorded. Its exit code is 0 then, however the
    try ended, and also where there was nothing to claim; any other says that it could not do its work.
    """
    return ["tasks", "run-try", str(ticket.instance), str(ticket.token), "--executor", executor]


class Executor:
    """Runs tries somewhere.

    Its methods are called from one thread and return without waiting for a try; `stop` alone waits, and `hurry` comes
    from a signal handler meanwhile.
    """

    contract_version: ClassVar[str] = "0.2"
    pulls: ClassVar[bool] = False
    """Whether its workers claim from the database, so that no tickets are submitted."""
    lists_all: ClassVar[bool] = False
    """Whether `list_alive` is complete: an accepted ticket that it leaves out has ended for certain."""

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
        """Return the tickets whose tries run or wait here now, as far as the executor knows; with `lists_all`, all of them.

        It is asked now and then, and after a restart, where hints may be lost. Queue and options may be left out.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement list_alive")

    def capacity(self) -> Capacity:
        """Return how many more tries would be taken now."""
        raise NotImplementedError(f"{type(self).__name__} does not implement capacity")
