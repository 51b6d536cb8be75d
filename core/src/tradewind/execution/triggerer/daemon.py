"""Running a triggerer in this process."""

from __future__ import annotations

import gc
from contextlib import closing
from uuid import uuid4

from tradewind.config import Config
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.triggerer.lifecycle import TriggererLifecycle
from tradewind.execution.triggerer.supervisor import Triggerer, TriggererSettings
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import open_database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.wakeups import TRIGGERER, open_wakeups
from tradewind.metrics.reporting import start_reporting
from tradewind.transitions.deferring import KIND
from tradewind.transitions.loading import open_graphs

MIB = 1 << 20


def run_triggerer(config: Config) -> int:
    """Run a triggerer until SIGTERM or SIGINT; return its exit code.

    Raises:
        Unreachable: the database cannot be reached at the start.
    """
    database = open_database(config.database, patience=Patience.of(config.database, config.leases))
    clock = SystemClock()
    mouth = open_wakeups(database, config.home)  # of the database thread; the loop listens with another
    ear = open_wakeups(database, config.home, listen=[TRIGGERER], listen_url=config.database.listen_url)
    settings = TriggererSettings(
        triggerer=str(uuid4()),
        capacity=config.triggerer.capacity,
        block_limit=config.triggerer.block_limit,
        log_limit=config.logs.max_size * MIB,
        renew_every=config.leases.renew_every,
        poll_every=config.scheduler.poll_interval,
    )
    lifecycle = TriggererLifecycle(
        settings.triggerer,
        config,
        database,
        graphs=open_graphs(config.plugins.codec),
        clock=clock,
        ids=RandomIds(clock.now),
        wakeups=mouth,
    )
    try:
        triggerer = Triggerer(settings, lifecycle, open_log_store(config), ear)
        gc.freeze()
        with closing(start_reporting(config, KIND)):
            return triggerer.run()
    finally:
        mouth.close()
        ear.close()
        database.dispose()
