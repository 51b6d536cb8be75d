"""What a dispatcher works with, and how it asks its executor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tradewind_plugins.contracts.executor import Capacity, Executor

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.wakeups import Wakeups
from tradewind.transitions.daemons import Leases
from tradewind.transitions.graph import Graphs

log = logging.getLogger(__name__)

Said = TypeVar("Said")


@dataclass(frozen=True)
class Desk:
    """What a dispatcher works with.

    Arguments:
        executor: opened and started.
        name: of the executor, as tasks name it.
        slots: that are offered where the executor does not say how many it has.
        renew_every: seconds between two renewals of the lease.
        mouth: wakes other daemons after commits.
    """

    executor: Executor
    name: str
    slots: int
    database: Database
    graphs: Graphs
    clock: Clock
    ids: Ids
    leases: Leases
    renew_every: float
    mouth: Wakeups

    def asked(self, work: Callable[[], Said], what: str) -> Said | None:
        """Ask the executor; None where it cannot say, which is asked again later.

        Arguments:
            what: it is to do, for the log.
        """
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - a provider's code: a service that is away must not end the dispatcher
            log.warning("%s cannot %s just now: %s", self.name, what, error)
            return None

    def capacity(self) -> Capacity | None:
        """Return what the executor has room for; None where it cannot say."""
        return self.asked(self.executor.capacity, "say how much it would take")
