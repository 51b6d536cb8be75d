"""Read DAG files and store what they declare; files that change are read again, within a second."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import tradewind.examples
import tradewind.maintenance
from tradewind import notify
from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.cli.processes.probe import open_probe
from tradewind.cli.processes.stopping import stop_on_signals
from tradewind.cli.processes.watchdog import Watchdog
from tradewind.cli.shared.session import Session, open_session
from tradewind.config import Config
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements.retention import MAINTENANCE
from tradewind.metadata.wakeups import SCHEDULER, open_wakeups
from tradewind.metrics.catalogue import PROCESSOR_HEARTBEAT
from tradewind.metrics.recording import count
from tradewind.metrics.reporting import start_reporting
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.orphans import adopt
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle
from tradewind.transitions.daemons import Leases
from tradewind.transitions.lease_keeper import LeaseKeeper

NAME = "dag-processor"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    how_often = parser.add_mutually_exclusive_group()
    how_often.add_argument("-n", "--num-runs", type=int, metavar="N", help="end after looking N times")
    how_often.add_argument("--once", action="store_true", help="end when every file has been read once")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=dag_processor)


def dag_processor(options: argparse.Namespace) -> None:
    """Read until SIGTERM or Ctrl+C, or as often as asked."""
    run_daemon(options, NAME, lambda files: _work(options, files))


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    with open_session(is_daemon=True) as session:
        configure_log(session.config, files, NAME)
        wakeups = open_wakeups(session.database, session.config.home)
        clock = SystemClock()
        ids = RandomIds(clock.now)
        lease = _lease(session, clock, ids)
        watchdog = Watchdog(NAME, session.config.leases.stall_limit)
        watchdog.feed_from(session.database)
        processor = Processor(
            session.config,
            session.database,
            bundles(session.config),
            Lookups(session.database, session.cipher, session.secrets),
            clock=clock,
            ids=ids,
            notify=lambda: wakeups.notify([SCHEDULER]),
            keep_lease=partial(_turn, lease, watchdog),
            has_orphans=adopt(),
        )
        probe = open_probe(session.config.parsing.enable_health_check, session.config, "parsing")
        reporting = start_reporting(session.config, NAME)
        stop_on_signals(processor.stop)
        try:
            processor.run_once() if options.once else processor.run(options.num_runs)
        finally:
            watchdog.close()
            probe.close()
            reporting.close()
            lease.end()
            wakeups.close()


def _turn(lease: LeaseKeeper, watchdog: Watchdog) -> None:
    """Called by the loop each time it turns: that the lease is renewed means that the loop has moved."""
    notify.beat()
    watchdog.feed()
    count(PROCESSOR_HEARTBEAT)
    lease.keep()


def bundles(config: Config) -> list[Bundle]:
    """Return the folders of DAG files: the configured one, and core's examples and maintenance where they are asked for."""
    found = [Bundle("dags", config.dags.folder)]
    if config.dags.load_examples:
        found.append(Bundle("examples", Path(tradewind.examples.__file__).parent))
    if config.maintenance.enabled:
        found.append(Bundle(MAINTENANCE, Path(tradewind.maintenance.__file__).parent))
    return found


def _lease(session: Session, clock: SystemClock, ids: RandomIds) -> LeaseKeeper:
    times = session.config.leases
    leases = Leases.of(times)
    return LeaseKeeper(
        session.database, "processor", clock=clock, ids=ids, leases=leases, renew_every=times.renew_every
    )
