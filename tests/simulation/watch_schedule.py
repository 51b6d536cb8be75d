"""Schedules: which dates get runs by the three words of `catchup`, and that a DAG that fails too often is paused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.features import PERIOD
from simulation.scenario import SimDag
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import History, RunSeen, Seen
from tradewind.metadata.tables import EPOCH, MICROSECOND
from tradewind.timetables import DeltaDataIntervalTimetable

if TYPE_CHECKING:
    from simulation.world import World

_DAGS = "SELECT dag_id, is_paused FROM dag"
_DUE = "SELECT dag_id, due_at FROM dag WHERE due_at IS NOT NULL AND is_paused IS FALSE"
_ENDED = "SELECT dag_id, logical_date, id, state FROM dag_run WHERE ended_at IS NOT NULL AND logical_date IS NOT NULL"
STEP = PERIOD // MICROSECOND


class ScheduleWatch(Watch):
    """Knows which of the dates of a DAG get runs."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        every = [dag for dag in self.world.scenario.dags if isinstance(dag.timetable, DeltaDataIntervalTimetable)]
        self._dags = {dag.dag_id: dag for dag in every if dag.timetable.delta == PERIOD}  # type: ignore[attr-defined]
        self._known: dict[int, tuple[str, int | None]] = {}  # a run may be deleted when it is over

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        new = [run for run in seen.runs.values() if run.id not in self._known]
        self._known |= {run.id: (run.dag_id, run.logical_date) for run in new}
        for run in new:
            dag = self._dags.get(run.dag_id)
            if dag is not None and run.run_type == "scheduled" and run.logical_date is not None:
                self._made(dag, run, run.logical_date)

    def _made(self, dag: SimDag, run: RunSeen, date: int) -> None:
        now, first = self.world.now_stored(), stored(dag.start_date)
        if date + STEP > now or date < first or date > stored(dag.end_date) or (date - first) % STEP:
            raise Violation(f"run {run.run_id} is made, but that is no date of the schedule, or not yet")
        others = self._dates(dag.dag_id, but=run.id)
        if dag.catchup is True:
            if date > first and date - STEP not in others:
                raise Violation(f"run {run.run_id} is made, and the date before it was passed over")
            return
        if date + 2 * STEP <= now and date + STEP <= stored(dag.end_date):
            raise Violation(f"run {run.run_id} is made up for, though a later date is due and catchup is {dag.catchup}")

    def at_the_end(self, seen: Seen) -> None:
        """See `Watch.at_the_end`."""
        due = {row[0]: row[1] for row in self.world.calm.rows(_DUE)}
        for dag in self._dags.values():
            if dag.dag_id in due and self.world.checker.has_room(seen, dag.dag_id):
                raise Violation(f"{dag.dag_id} has runs left to make at the end")
            dates = self._dates(dag.dag_id)
            is_done = not any(row[0] == dag.dag_id for row in self.world.calm.rows(_STILL_DUE))
            wanted = set(range(stored(dag.start_date), stored(dag.end_date) + 1, STEP))
            if dag.catchup is True and is_done and not wanted <= dates:
                raise Violation(f"{dag.dag_id} has no run of {len(wanted - dates)} dates")

    def _dates(self, dag_id: str, *, but: int | None = None) -> set[int | None]:
        return {date for key, (of, date) in self._known.items() if of == dag_id and key != but}

    def is_over(self, seen: Seen) -> bool:
        """Whether no run is to be made any more that may be made."""
        due = {row[0] for row in self.world.calm.rows(_DUE)}
        return not any(self.world.checker.has_room(seen, dag_id) for dag_id in due & self._dags.keys())


_STILL_DUE = "SELECT dag_id FROM dag WHERE due_at IS NOT NULL"


class PauseWatch(Watch):
    """Knows that a DAG is paused when so many of its runs in a row have failed, and by nobody else for nothing."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._paused: set[str] = set()
        self._failing: History[frozenset[str]] = History()
        self._failing.put(0, frozenset())

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        self._failing.put(self.world.commits, frozenset(self._too_often()))
        paused = {row[0] for row in self.world.calm.rows(_DAGS) if row[1]}
        new, self._paused = paused - self._paused, paused
        if turn.name == "operator" or not new:
            return
        if wrong := new.difference(*self._failing.since(turn.began_at)):
            raise Violation(f"{sorted(wrong)} was paused, but its last runs have not all failed")
        self.world.count("DAG paused itself")

    def at_the_end(self, seen: Seen) -> None:
        """See `Watch.at_the_end`."""
        open_now = {run.dag_id for run in seen.runs.values() if run.state in {"queued", "running"}}
        if (
            missing := self._too_often()
            - self._paused
            - {self.world.called(each) for each in self.world.unpaused}
            - open_now
        ):
            raise Violation(f"the last runs of {sorted(missing)} have all failed, and it is not paused")

    def _too_often(self) -> set[str]:
        ends: dict[str, list[str]] = {}
        for dag_id, _date, _key, state in sorted(self.world.calm.rows(_ENDED), key=lambda row: row[1:3], reverse=True):
            ends.setdefault(dag_id, []).append(state)
        found = set()
        for dag in self.world.scenario.dags:
            most = dag.max_consecutive_failed_runs
            dag_id = self.world.called(dag.dag_id)
            last = ends.get(dag_id, [])[:most]
            if most and len(last) == most and set(last) == {"failed"}:
                found.add(dag_id)
        return found


def stored(moment: datetime | None) -> int:
    """Return a moment as the database keeps it."""
    if moment is None:
        raise AssertionError("a scheduled DAG has a first and a last date")
    return (moment - EPOCH) // MICROSECOND
