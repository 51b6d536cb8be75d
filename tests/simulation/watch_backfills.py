"""Backfills: each date is worked off exactly once, within the backfill's own limit, and not while it is paused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch, note_cleared
from simulation.watching import Calm, History, Seen

if TYPE_CHECKING:
    from simulation.world import World

_BACKFILLS = "SELECT id, dag_id, max_active_runs, state FROM backfill ORDER BY id"
_DATES = "SELECT backfill, position, logical_date, state, run FROM backfill_date ORDER BY backfill, position"
OPEN_RUN = ("queued", "running")


@dataclass(frozen=True)
class DateSeen:
    """A date of a backfill."""

    backfill: int
    position: int
    logical_date: int
    state: str
    run: int | None


class BackfillWatch(Watch):
    """Knows what backfills promise."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._states: History[dict[int, str]] = History()
        self._states.put(0, {})
        self._dates: dict[tuple[int, int], DateSeen] = {}
        self._at_work: Counter[int] = Counter()
        self._asked: set[int | None] = set()

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        rows = self.world.calm.rows(_BACKFILLS)
        self._states.put(self.world.commits, {row[0]: row[3] for row in rows})
        dates = dates_now(self.world.calm)
        at_work = _at_work(seen, dates)
        for key, _dag, most, _state in rows:
            if at_work[key] > most and at_work[key] > self._at_work[key]:
                raise Violation(f"backfill {key % 10000} has {at_work[key]} runs at work, its limit is {most}")
        self._begun(dates, turn)
        for each in dates:
            was = self._dates.get((each.backfill, each.position))
            if each.state == "open" and each.run in before.runs and (was is None or was.state != "open"):
                note_cleared(self.world, before, seen, each.run)
                self.world.count("backfill ran a run again")
        self._once(seen, dates)
        self._dates, self._at_work = {(each.backfill, each.position): each for each in dates}, at_work

    def _begun(self, dates: list[DateSeen], turn: Turn) -> None:
        in_force = self._states.since(turn.began_at)
        for each in dates:
            was = self._dates.get((each.backfill, each.position))
            is_new = each.state == "open" and (was is None or was.state != "open")
            if is_new and all(states.get(each.backfill) != "running" for states in in_force):
                raise Violation(f"backfill {each.backfill % 10000} begins a date while it is paused or called off")
            if was is not None and was.state not in {"pending", "open"} and was.state != each.state:
                raise Violation(f"a date of backfill {each.backfill % 10000} was {was.state} and is {each.state}")

    def _once(self, seen: Seen, dates: list[DateSeen]) -> None:
        self._asked |= {each.run for each in dates}  # a backfill that is over may be deleted before its runs
        of_date: dict[tuple[str, int], str] = {}
        for run in seen.runs.values():
            if run.run_type == "backfill" and run.id not in self._asked:
                raise Violation(f"run {run.run_id} is of no date of a backfill")
            if run.run_type not in {"backfill", "scheduled"} or run.logical_date is None:
                continue
            other = of_date.setdefault((run.dag_id, run.logical_date), run.run_id)
            if other != run.run_id:
                raise Violation(f"{run.dag_id} has two runs of one date: {other} and {run.run_id}")

    def when_quiet(self, seen: Seen) -> None:
        """See `Watch.when_quiet`."""
        dates = dates_now(self.world.calm)
        at_work = _at_work(seen, dates)
        pending = Counter(each.backfill for each in dates if each.state == "pending")
        for key, _dag, most, state in self.world.calm.rows(_BACKFILLS):
            if state == "running" and at_work[key] < most and (pending[key] or not at_work[key]):
                raise Violation(f"backfill {key % 10000} has {pending[key]} dates to begin, and nobody does")

    def at_the_end(self, seen: Seen) -> None:
        """See `Watch.at_the_end`."""
        dates = dates_now(self.world.calm)
        for key, _dag, _most, state in self.world.calm.rows(_BACKFILLS):
            mine = [each for each in dates if each.backfill == key]
            if state in {"success", "failed"}:
                left = [each for each in mine if each.state in {"pending", "open"}]
                is_failed = any(each.state == "failed" for each in mine)
                if left or is_failed != (state == "failed"):
                    raise Violation(f"backfill {key % 10000} is {state} with {[each.state for each in mine]}")
            if state == "cancelled" and any(each.state == "pending" for each in mine):
                raise Violation(f"backfill {key % 10000} is called off, and has dates left")
            made = Counter(each.run for each in mine if each.run is not None)
            if any(count > 1 for count in made.values()):
                raise Violation(f"backfill {key % 10000} has one run for two dates")

    def is_over(self) -> bool:
        """Whether no backfill goes on."""
        return all(row[3] != "running" for row in self.world.calm.rows(_BACKFILLS))


def dates_now(calm: Calm) -> list[DateSeen]:
    """Return the dates of all backfills."""
    return [DateSeen(*row) for row in calm.rows(_DATES)]


def of_backfills(calm: Calm) -> set[int]:
    """Return the runs that a backfill is at: it starts them whatever the DAG's limit says, and though it is paused."""
    return {each.run for each in dates_now(calm) if each.state == "open" and each.run is not None}


def _at_work(seen: Seen, dates: list[DateSeen]) -> Counter[int]:
    return Counter(
        each.backfill
        for each in dates
        if each.state == "open" and each.run in seen.runs and seen.runs[each.run].state in OPEN_RUN
    )
