"""What the local executor is asked of tickets: it answers from the database, from which its worker takes them."""

from __future__ import annotations

from collections.abc import Sequence

from tradewind_plugins.contracts.executor import Capacity, Submission, Ticket

from tradewind.config import Config
from tradewind.execution.prestart import EXECUTOR
from tradewind.metadata.engine import open_database
from tradewind.metadata.patience import Patience
from tradewind.metadata.statements.tickets import tries_of_worker
from tradewind.metadata.wakeups import open_wakeups, worker_channel


class LocalTickets:
    """The tickets of this host's worker; `close` it.

    Arguments:
        config: of this installation.
    """

    def __init__(self, config: Config) -> None:
        self._slots = config.executor.slots
        self._database = open_database(config.database, patience=Patience.of(config.database, config.leases))
        self._wakeups = open_wakeups(self._database, config.home)

    def submit(self, tickets: Sequence[Ticket]) -> Sequence[Submission]:
        """Wake the worker: it claims from the database what is queued, and ends what the database calls over."""
        self._wakeups.notify([worker_channel(EXECUTOR)])
        return [Submission(ticket=each, accepted=True) for each in tickets]

    def alive(self, worker: str) -> Sequence[Ticket]:
        """Return the tries that a worker runs."""
        with self._database.read() as conn:
            held = tries_of_worker(conn, worker)
        return [Ticket(instance=instance, token=token) for instance, token in sorted(held)]

    def capacity(self, worker: str) -> Capacity:
        """Return a worker's slots, and how many are free."""
        return Capacity(free=max(0, self._slots - len(self.alive(worker))), total=self._slots)

    def close(self) -> None:
        """Give the connections back."""
        self._wakeups.close()
        self._database.dispose()
