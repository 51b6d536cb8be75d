"""Deadlines: each is missed once or not at all, not before its moment, and only where something was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import Calm, Seen

if TYPE_CHECKING:
    from simulation.world import World

_ROWS = "SELECT run, kind, task_id, due_at, missed_at FROM deadline"
TIMEOUT = "dagrun_timeout"
SLA = "sla"
MET = {"success", "skipped"}
Key = tuple[int, str, str]


class DeadlineWatch(Watch):
    """Knows what `dagrun_timeout` and `sla` promise, and which runs were ended by the one."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._rows: dict[Key, tuple[int | None, int | None]] = {}

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        rows = rows_now(self.world.calm)
        for key, (due_at, missed_at) in rows.items():
            was_due, was_missed = self._rows.get(key, (None, None))
            if was_missed is not None and was_missed != missed_at and (key[1] != TIMEOUT or due_at is None):
                raise Violation(f"deadline {key} was missed twice")
            if missed_at is not None and was_missed is None:
                self._missed(key, was_due, before, seen)
        self._rows = rows

    def _missed(self, key: Key, due_at: int | None, before: Seen, seen: Seen) -> None:
        run, kind, task_id = key
        if due_at is None or due_at > self.world.now_stored():
            raise Violation(f"deadline {key} is missed before its moment")
        if kind == TIMEOUT:
            self._timed_out(run, before, seen)
            return
        if kind != SLA:
            ended = self.world.calm.rows(f"SELECT state, ended_at FROM dag_run WHERE id = {run}")
            if ended[0][0] == "success" and ended[0][1] <= due_at and before.runs[run].state == "success":
                raise Violation(f"run {run} succeeded in time, and counts as late")
            return
        states = {each.state for each in before.of_run(run) if each.task_id == task_id}
        if states and states <= MET:
            raise Violation(f"the sla of {task_id} counts as missed, but it was {states}")

    def _timed_out(self, run: int, before: Seen, seen: Seen) -> None:
        if before.runs[run].state != "running" or seen.runs[run].state != "failed":
            raise Violation(f"a run that was {before.runs[run].state} took too long and is {seen.runs[run].state}")
        was = {each.id: each.state for each in before.of_run(run)}
        wrong = [each.name for each in seen.of_run(run) if each.state != was.get(each.id) and each.state != "skipped"]
        if wrong:
            raise Violation(f"what was open in a run that took too long is not skipped: {wrong}")
        self.world.count("run timed out")
        self.world.timed_out.add(run)

    def when_quiet(self, seen: Seen) -> None:
        """See `Watch.when_quiet`."""
        now = self.world.now_stored()
        for key, (due_at, _) in rows_now(self.world.calm).items():
            if due_at is not None and due_at <= now:
                raise Violation(f"the moment of deadline {key} has come, and nobody looks at it")

    def at_the_end(self, seen: Seen) -> None:
        """See `Watch.at_the_end`: a moment that came while a task had not succeeded is kept as missed."""
        if any(due_at is not None for due_at, _ in rows_now(self.world.calm).values()):
            raise Violation("a deadline is left open at the end")

    def is_over(self) -> bool:
        """Whether no moment is to come."""
        return all(due_at is None for due_at, _ in rows_now(self.world.calm).values())


def rows_now(calm: Calm) -> dict[Key, tuple[int | None, int | None]]:
    """Return all deadlines: when each is due, and when it was missed."""
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in calm.rows(_ROWS)}
