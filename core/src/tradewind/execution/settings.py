"""What a worker is told when it starts: a frozen value made from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tradewind.config import Config
from tradewind.execution.journal import journal_path
from tradewind.execution.parents import ParentLimits
from tradewind.execution.spool import LARGEST_INLINE
from tradewind.transitions.callbacks import Patience

KIB = 1 << 10
MIB = 1 << 20


@dataclass(frozen=True)
class WorkerSettings:
    """Settings of one worker; times in seconds, sizes in bytes.

    Arguments:
        worker: id of its row in `daemon`.
        executor: whose queued tries it claims.
        queues: queues it serves, None for all.
        slots: tries that it runs at once.
        offers_slots: whether schedulers may admit tries for them; not of a worker that runs one that it was sent.
        is_fresh: every try imports its code in its own process.
        task_memory: that a try may add to what its process began with; 0 sets no limit.
        max_inline: bytes of JSON up to which an XCom travels in messages.
        live_folder: where DAG files are edited; a task that reads there is told so.
        conf_overrides_params: whether a run's conf gives values of params.
        kill_delay: between SIGTERM and SIGKILL.
        poll_every: between two claims when no wake-up comes.
        callbacks: callbacks that it calls at once, beside its tries.
        patience: how long a callback may take, and how often it is tried.
    """

    worker: str
    home: Path
    executor: str = "LocalExecutor"
    queues: tuple[str, ...] | None = None
    slots: int = 32
    offers_slots: bool = True
    is_fresh: bool = False
    task_memory: int = 0
    max_inline: int = LARGEST_INLINE
    live_folder: str = ""
    conf_overrides_params: bool = True
    log_limit: int = 100 * MIB
    lease: float = 10.0
    renew_every: float = 3.0
    isolation_grace: float = 600.0
    margin: float = 2.0
    kill_delay: float = 10.0
    poll_every: float = 1.0
    parents: ParentLimits = field(default_factory=ParentLimits)
    callbacks: int = 4
    patience: Patience = field(default_factory=Patience)

    @property
    def journal(self) -> Path:
        """The worker's journal."""
        return journal_path(self.home, self.worker)

    @property
    def versions(self) -> Path:
        """The folder of materialised versions."""
        return versions_path(self.home)


def versions_path(home: Path) -> Path:
    """Return where the files of versions are."""
    return home / "versions"


def spool_path(home: Path) -> Path:
    """Return where workers and their tasks hand each other large values."""
    return home / "workers" / "spool"


def worker_settings(config: Config, worker: str, *, executor: str = "LocalExecutor") -> WorkerSettings:
    """Return the settings of a worker of this configuration."""
    return WorkerSettings(
        worker=worker,
        home=config.home,
        executor=executor,
        slots=config.executor.slots,
        is_fresh=config.execution.isolation == "fresh",
        task_memory=config.execution.task_memory * MIB,
        max_inline=min(config.execution.max_xcom_inline * KIB, LARGEST_INLINE),
        live_folder=str(config.dags.folder),
        conf_overrides_params=config.dags.conf_overrides_params,
        log_limit=config.logs.max_size * MIB,
        lease=config.leases.duration,
        renew_every=config.leases.renew_every,
        isolation_grace=config.leases.isolation_grace,
        margin=config.leases.margin,
        kill_delay=config.execution.kill_delay,
        poll_every=config.scheduler.poll_interval,
        parents=ParentLimits(
            max_age=config.execution.parent_max_age,
            max_count=config.execution.max_parents,
            max_memory=config.execution.max_parents_memory * MIB,
            import_seconds=config.parsing.file_timeout,
            import_memory=config.parsing.file_memory * MIB,
        ),
        callbacks=config.callbacks.slots,
        patience=callback_patience(config),
    )


def callback_patience(config: Config) -> Patience:
    """Return how long this configuration lets callbacks take, and how often they are tried."""
    # An attempt that is ended takes until SIGKILL; what is left is for the database to be away
    grace = timedelta(seconds=60 + 2 * config.execution.kill_delay)
    return Patience(timedelta(seconds=config.callbacks.timeout), grace, config.callbacks.attempts)
