"""What a scheduler is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from tradewind.config import Config
from tradewind.transitions.daemons import Leases
from tradewind.transitions.runs import DEFAULT_EXECUTOR, DEFAULT_QUEUE


@dataclass(frozen=True, slots=True)
class Settings:
    """The times and limits of one scheduler.

    Arguments:
        poll_interval: the longest sleep, in seconds, when no wake-up arrives.
        renew_every: seconds between two renewals of the scheduler's own lease; leases of others are judged then too.
        reconcile_interval: seconds between two recounts of open runs.
        batch: DAGs, runs, continuations handled in one step at most.
        admit_limit: instances admitted in one transaction at most.
        max_map_length: instances of a mapped task at most.
        executor: that of tasks that name none.
        queue: that of tasks that name none.
        monitor_every: seconds between two looks at the whole system, where metrics are sent.
    """

    poll_interval: float = 1.0
    renew_every: float = 3.0
    reconcile_interval: float = 60.0
    batch: int = 50
    admit_limit: int = 500
    max_map_length: int = 100_000
    leases: Leases = field(default_factory=Leases)
    executor: str = DEFAULT_EXECUTOR
    queue: str = DEFAULT_QUEUE
    monitor_every: float = 20.0

    @property
    def beat_every(self) -> timedelta:
        """The time between two beats of the pulse at least: beats fall on renewals, and stay well within a lease."""
        renewal = timedelta(seconds=self.renew_every)
        return 2 * renewal if 3 * renewal <= self.leases.duration else renewal

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Return the settings that a configuration gives."""
        return cls(
            poll_interval=config.scheduler.poll_interval,
            renew_every=config.leases.renew_every,
            reconcile_interval=config.scheduler.reconcile_interval,
            admit_limit=config.scheduler.admit_limit,
            max_map_length=config.scheduler.max_map_length,
            leases=Leases.of(config.leases),
            executor=config.executor.default,
            queue=config.executor.queue,
            monitor_every=config.metrics.database_interval,
        )
