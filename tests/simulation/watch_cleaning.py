"""Deleting what is over: nothing that has not ended, nothing that anything living asks for, a run whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import Calm, History, Seen
from tradewind.metadata.tables import EPOCH, MICROSECOND, metadata

if TYPE_CHECKING:
    from simulation.world import World

_RUNS = (
    "SELECT id, dag_id, state, run_type, logical_date, data_interval_end, COALESCE(ended_at, queued_at) FROM dag_run"
)
_BACKFILLS = "SELECT id, dag_id, first_date, last_date, ended_at FROM backfill"
_HELD = "SELECT run FROM hold WHERE run IS NOT NULL"
_OWED = "SELECT run FROM callback WHERE due_at IS NOT NULL"
_PARENTS = "SELECT run_parent.run, task_instance.run FROM run_parent JOIN task_instance ON task_instance.id = run_parent.instance"
_VERSIONS = "SELECT version_id FROM dag_run UNION SELECT version_id FROM dag"
_EVENTS = "SELECT event FROM asset_queue UNION SELECT event FROM asset_run"
OUTLIVING = {"asset_event", "backfill_date"}
"""What names a run that may be gone: it belongs to somebody else."""
ENDED = {"success", "failed"}


@dataclass(frozen=True, slots=True)
class Row:
    """A run, as far as it matters whether it is over."""

    id: int
    dag_id: str
    state: str
    run_type: str
    date: int | None
    interval_end: int | None
    over_at: int


@dataclass(frozen=True)
class Moment:
    """What was committed at one time: runs, and what asks for them."""

    runs: tuple[Row, ...]
    backfills: tuple[tuple[int, str, int, int, int | None], ...]
    asked: frozenset[int]

    def needed(self) -> dict[int, str]:
        """Return the runs that are to stay, each with the reason."""
        found = dict.fromkeys(self.asked, "somebody asks for it")
        for dag_id in {run.dag_id for run in self.runs}:
            mine = [run for run in self.runs if run.dag_id == dag_id]
            opened = [run.date for run in mine if run.state not in ENDED]
            opened += [first for _, of, first, _, ended_at in self.backfills if of == dag_id and ended_at is None]
            by_itself = [run for run in mine if run.run_type != "manual"]
            for runs in (mine, by_itself):
                found |= _last(runs, "it is the last one")
                for date in opened:
                    found |= _last([run for run in runs if _is_before(run, date)], "one that is open may depend on it")
            found |= _last([run for run in mine if run.state == "success"], "it is the last success")
            ends = [run for run in mine if run.run_type == "scheduled" and run.interval_end is not None]
            if ends:
                found[max(ends, key=lambda run: run.interval_end or 0).id] = "the schedule goes on from it"
        for run in self.runs:
            if any(_is_in(run, each) for each in self.backfills):
                found[run.id] = "a backfill asks for its date"
        return found


def _last(runs: list[Row], why: str) -> dict[int, str]:
    dated = [run for run in runs if run.date is not None]
    return {max(dated, key=lambda run: (run.date or 0, run.id)).id: why} if dated else {}


def _is_before(run: Row, date: int | None) -> bool:
    return run.date is not None and date is not None and run.date < date


def _is_in(run: Row, backfill: tuple[int, str, int, int, int | None]) -> bool:
    _, dag_id, first, last, ended_at = backfill
    return run.dag_id == dag_id and ended_at is None and run.date is not None and first <= run.date <= last


class CleaningWatch(Watch):
    """Knows what may be deleted."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._moments: History[Moment] = History()
        self._moments.put(0, Moment((), (), frozenset()))

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        gone = before.runs.keys() - seen.runs.keys()
        if turn.name == "operator" and self.world.cleaning is not None:
            self._cleaned(gone, before, seen, turn)
        elif gone:
            raise Violation(f"{turn.name} deletes the runs {sorted(gone)}")
        if self.world.cleaning is not None:
            self.begin(seen)

    def begin(self, seen: Seen) -> None:
        """Remember what is committed: before something is cleaned, and while it is."""
        self._moments.put(self.world.commits, moment_now(self.world.calm, seen))

    def _cleaned(self, gone: set[int], before: Seen, seen: Seen, turn: Turn) -> None:
        if self.world.cleaning is None:
            return
        table, most, limits = self.world.cleaning
        if (gone and table != "dag_run") or len(gone) > most:
            raise Violation(f"{len(gone)} runs are deleted at once, of {table} at most {most}")
        bound = (limits.before - EPOCH) // MICROSECOND
        moments = self._moments.since(turn.began_at)
        last = {run.id: run for run in moments[-1].runs}
        for key in sorted(gone):
            run = last[key]
            reasons = [moment.needed().get(key) for moment in moments]
            if run.state not in ENDED or run.over_at >= bound or limits.dag_id not in {None, run.dag_id}:
                raise Violation(f"run {before.runs[key].run_id} is deleted, but it is not over: {run}")
            if all(reasons):
                raise Violation(f"run {before.runs[key].run_id} is deleted, but {reasons[-1]}")
            self._newest(run, last, limits.keep_runs)
        self._whole(gone, before, seen)
        self._referred(seen)
        if table == "xcom":
            self.world.emptied |= {run.id for run in last.values() if run.state in ENDED}

    @staticmethod
    def _newest(run: Row, runs: dict[int, Row], keep: int) -> None:
        """Look that so many newer ones are left, where so many are to be kept."""
        newer = [
            each for each in runs.values() if each.dag_id == run.dag_id and each.id > run.id and each.state in ENDED
        ]
        if len(newer) < keep:
            raise Violation(f"run {run.id} is deleted, but it is one of the newest {keep}")

    def _whole(self, gone: set[int], before: Seen, seen: Seen) -> None:
        """Look that nothing is left of runs that are gone, and that the others have what they had."""
        instances = {each.id for each in before.instances.values() if each.run in gone}
        for table in metadata.sorted_tables:
            for column, keys in (("run", gone), ("instance", instances)):
                if not keys or column not in table.c or table.name in OUTLIVING:
                    continue
                listed = ", ".join(map(str, sorted(keys)))
                if self.world.calm.rows(f"SELECT {column} FROM {table.name} WHERE {column} IN ({listed})"):
                    raise Violation(f"{table.name} has rows of runs that are deleted")
        if before.instances.keys() - seen.instances.keys() != instances:
            raise Violation("instances are deleted of runs that are left")

    def _referred(self, seen: Seen) -> None:
        """Look that what is left names nothing that is gone."""
        calm = self.world.calm
        for text, of in ((_VERSIONS, "dag_version"), (_EVENTS, "asset_event")):
            there = {row[0] for row in calm.rows(f"SELECT id FROM {of}")}
            if lost := {row[0] for row in calm.rows(text)} - there:
                raise Violation(f"{of} has lost {len(lost)} rows that others name")
        daemons = {row[0] for row in calm.rows("SELECT id FROM daemon")}
        for each in seen.instances.values():
            if each.state == "running" and each.worker not in daemons:
                raise Violation(f"{each.name} runs on a worker that is deleted")


def moment_now(calm: Calm, seen: Seen) -> Moment:
    """Return what is committed."""
    asked = {row[0] for text in (_HELD, _OWED) for row in calm.rows(text)}
    opened = {run.id for run in seen.runs.values() if run.state not in ENDED}
    asked |= {run for run, parent in calm.rows(_PARENTS) if parent in opened}
    backfills = tuple(tuple(row) for row in calm.rows(_BACKFILLS))
    return Moment(tuple(Row(*row) for row in calm.rows(_RUNS)), backfills, frozenset(asked))
