"""Renaming: what a DAG had done is the new one's, all of it and once; of the old name nothing is left, and nothing comes anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.scenario import SimDag
from simulation.upkeep import AFTER, BEFORE
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import RunSeen, Seen
from tradewind.metadata.tables import EPOCH, MICROSECOND, metadata

if TYPE_CHECKING:
    from simulation.world import World

_NAMING = [table.name for table in metadata.sorted_tables if "dag_id" in table.c]
_NAMED = " UNION ALL ".join(
    f"SELECT '{name}', dag_id, count(*) FROM {name} WHERE dag_id IN ('{BEFORE}', '{AFTER}') GROUP BY dag_id"
    for name in _NAMING
)
_DAG = f"SELECT is_active, is_paused, due_at FROM dag WHERE dag_id = '{AFTER}'"
OF_FILE = {"dag", "dag_version", "task_limit", "asset_reference", "asset_watcher", "dag_listing"}
"""What a file that says the new id already has brought with it."""


class RenameWatch(Watch):
    """Knows what has the old name and what the new one."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._named: Counter[tuple[str, str]] = Counter()
        self._is_renamed = False

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        named = Counter({(row[0], row[1]): row[2] for row in self.world.calm.rows(_NAMED)})
        if turn.name == "operator" and self.world.renaming:
            self._is_renamed = True
            self._renamed(before, seen)
            if self._named:  # else this is the first commit of all
                self._moved(named)
        if self._is_renamed and (left := [table for table, dag_id in named if dag_id == BEFORE]):
            raise Violation(f"{sorted(left)} still say {BEFORE}, which is called {AFTER}")
        self._named = named
        self._dates(seen)

    @staticmethod
    def _renamed(before: Seen, seen: Seen) -> None:
        """Look that runs and instances are what they were, but for the name, and that nothing was under way."""
        if under_way := [run.run_id for run in before.runs.values() if run.dag_id == BEFORE and _is_open(run.state)]:
            raise Violation(f"{BEFORE} is renamed while {under_way} are under way")
        runs = {key: replace(run, dag_id=_new(run.dag_id)) for key, run in before.runs.items()}
        instances = {key: replace(each, dag_id=_new(each.dag_id)) for key, each in before.instances.items()}
        if (runs, instances) != (seen.runs, seen.instances):
            raise Violation("a rename changed more than a name")

    def _moved(self, named: Counter[tuple[str, str]]) -> None:
        for table in _NAMING:
            was = self._named[table, BEFORE] + self._named[table, AFTER]
            if named[table, AFTER] != was and not (table in OF_FILE and self._named["dag", AFTER]):
                raise Violation(f"{table} had {was} rows of both names and has {named[table, AFTER]}")

    def _dates(self, seen: Seen) -> None:
        dates = Counter(run.logical_date for run in self._scheduled(seen))
        if twice := [date for date, count in dates.items() if count > 1]:
            raise Violation(f"{len(twice)} dates have a run of {BEFORE} and one of {AFTER}")

    @staticmethod
    def _scheduled(seen: Seen) -> list[RunSeen]:
        return [run for run in seen.runs.values() if run.dag_id in {BEFORE, AFTER} and run.run_type == "scheduled"]

    def at_the_end(self, seen: Seen) -> None:
        """See `Watch.at_the_end`: a schedule that is through has made each of its dates once, under whichever name."""
        row = self.world.calm.rows(_DAG)
        dag: SimDag = self.world.versions[self.world.current[BEFORE]]
        is_through = bool(row) and row[0][0] and row[0][2] is None and self._is_renamed
        delta = getattr(dag.timetable, "delta", None)
        if not is_through or delta is None or dag.start_date is None or dag.end_date is None:
            return
        first, last, step = ((each - EPOCH) // MICROSECOND for each in (dag.start_date, dag.end_date, EPOCH + delta))
        dates = {run.logical_date for run in self._scheduled(seen)}
        if missing := set(range(first, last + 1, step)) - dates:
            raise Violation(f"{len(missing)} dates have a run neither of {BEFORE} nor of {AFTER}")
        self.world.count("check: no date is lost by a rename")


def _new(dag_id: str) -> str:
    return AFTER if dag_id == BEFORE else dag_id


def _is_open(state: str) -> bool:
    return state in {"queued", "running"}
