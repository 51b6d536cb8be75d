"""What a scheduler does on the side: its own lease, the pulse, the leases of others, and the reconciler."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import instances, names, schedules
from tradewind.metadata.statements import runs as run_statements
from tradewind.metrics.catalogue import REPAIRED
from tradewind.metrics.recording import count
from tradewind.scheduling.settings import Settings
from tradewind.transitions import daemons
from tradewind.transitions.graph import Graphs
from tradewind.transitions.recount import difference, recount_run

log = logging.getLogger(__name__)
RUNS_PER_PASS = 20


def renew(database: Database, daemon_id: str, *, clock: Clock, settings: Settings, with_beat: bool = True) -> bool:
    """Renew the scheduler's lease and beat the pulse; False when the scheduler was declared ended."""

    def work(conn: sa.Connection) -> bool:
        if with_beat:
            daemons.beat(conn, clock=clock, leases=settings.leases)
        return daemons.renew(conn, daemon_id, clock=clock, leases=settings.leases)

    # The very first beat inserts the row, and two schedulers may do so at once.
    return database.write(work, collisions=True)


def watch_leases(database: Database, *, graphs: Graphs, clock: Clock, ids: Ids, settings: Settings) -> frozenset[str]:
    """Judge the leases of others; return the channels to wake.

    Schedulers and other daemons without running code are declared ended as soon as their lease expires. A worker is
    only when it has been silent for the isolation grace.
    """
    with database.read() as conn:
        gone = daemons.find_gone(conn, clock=clock, leases=settings.leases)
    for ended in gone.ended:
        if database.write(partial(daemons.end_daemon, daemon_id=ended, cause="its lease expired", clock=clock)):
            log.warning("daemon %s is gone: its lease expired", ended)
    wake: set[str] = set()
    for worker, cause in gone.workers:
        report = partial(daemons.report_ended, worker=worker, graphs=graphs, clock=clock, ids=ids, cause=cause)
        taken = database.write(report)
        log.warning("worker %s: %s; %d tries are lost", worker, cause, len(taken.lost))
        with database.read() as conn:
            daemons.log_taken(conn, taken, cause)
        wake |= taken.wake
    return frozenset(wake)


def reconcile(database: Database, after: int, *, graphs: Graphs, clock: Clock, ids: Ids) -> int:
    """Recount some open runs behind the key `after`; return the key to go on from, 0 to begin anew.

    A first look takes no lock and may be wrong about a run that is moving; only what seems wrong is locked and counted
    again. A difference that stays is a bug: it is logged as an error, and repaired.
    """
    with database.read() as conn:
        found = schedules.open_runs(conn, after=after, most=RUNS_PER_PASS)
    for run in found:
        if _seems_wrong(database, run, graphs):
            differences = database.write(partial(recount_run, run=run, graphs=graphs, clock=clock, ids=ids))
            if differences:
                with database.read() as conn:
                    told = names.of_run(conn, run)
                log.error("a run was counted wrong, which is a bug; repaired: %s", _shown(differences), extra=told)
                count(REPAIRED)
    return found[-1] if len(found) == RUNS_PER_PASS else 0


def _seems_wrong(database: Database, run: int, graphs: Graphs) -> bool:
    with database.read() as conn:
        known = run_statements.get(conn, run)
        if known is None:
            return False
        rows = instances.look(conn, run)
        return bool(difference(graphs.get(conn, known.version_id), rows, run_statements.unfinished(conn, run)))


def _shown(differences: Sequence[object]) -> str:
    return "; ".join(str(each) for each in differences[:5])
