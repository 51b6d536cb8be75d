"""Read DAG files and store what they declare; files that change are read again, within a second."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

import tradewind.examples
from tradewind.cli.daemon_log import configure_log
from tradewind.cli.session import Session, open_session
from tradewind.config import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import SCHEDULER, open_wakeups
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.orphans import adopt
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle
from tradewind.transitions.daemons import Leases
from tradewind.transitions.lease_keeper import LeaseKeeper


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    how_often = parser.add_mutually_exclusive_group()
    how_often.add_argument("--num-runs", type=int, metavar="N", help="end after looking N times")
    how_often.add_argument("--once", action="store_true", help="end when every file has been read once")
    parser.set_defaults(run=dag_processor)


def dag_processor(options: argparse.Namespace) -> None:
    """Read until SIGTERM or Ctrl+C, or as often as asked."""
    with open_session() as session:
        configure_log(session.config)
        wakeups = open_wakeups(session.database, session.config.home)
        clock = SystemClock()
        ids = RandomIds(clock.now)
        lease = _lease(session, clock, ids)
        processor = Processor(
            session.config,
            session.database,
            bundles(session.config),
            Lookups(session.database, session.cipher, session.secrets),
            clock=clock,
            ids=ids,
            notify=lambda: wakeups.notify([SCHEDULER]),
            keep_lease=lease.keep,
            has_orphans=adopt(),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: processor.stop())
        try:
            processor.run_once() if options.once else processor.run(options.num_runs)
        finally:
            lease.end()
            wakeups.close()


def bundles(config: Config) -> list[Bundle]:
    """Return the folders of DAG files: the configured one, and core's examples where they are asked for."""
    found = [Bundle("dags", config.dags.folder)]
    if config.dags.load_examples:
        found.append(Bundle("examples", Path(tradewind.examples.__file__).parent))
    return found


def _lease(session: Session, clock: SystemClock, ids: RandomIds) -> LeaseKeeper:
    times = session.config.leases
    leases = Leases.of(times)
    return LeaseKeeper(
        session.database, "processor", clock=clock, ids=ids, leases=leases, renew_every=times.renew_every
    )
