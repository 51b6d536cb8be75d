"""The gate across runs, in plain Python: who may begin, as the run before stands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.scenario import SimDag, SimTask
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import RunSeen, Seen
from tradewind.metadata.tables import EPOCH, MICROSECOND

if TYPE_CHECKING:
    from simulation.world import World

_GATES = "SELECT run, task_id FROM past_gate"
FINE = {"success", "skipped"}
Key = tuple[int, str]


class PastWatch(Watch):
    """Knows that no task that depends on past runs begins before those let it, and that none waits that they let begin."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._open: frozenset[Key] = frozenset()
        self._last_open: dict[Key, int] = {}

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`. A gate may have been read at any time since the step began."""
        self._last_open.update(dict.fromkeys(self._open, self.world.commits - 1))
        for each in seen.instances.values():
            task = self.world.dag_of(each.run).tasks[each.task_id]
            was = before.instances.get(each.id)
            begins = each.state in {"scheduled", "queued", "running"} and (was is None or was.state == "none")
            if not task.depends_on_past or not begins:
                continue
            if self._last_open.get((each.run, each.task_id), -1) < turn.step_at:
                raise Violation(f"{each.name} is {each.state}, but the run before does not let it")
        past = Past(self, seen)
        self._open = frozenset(
            (run.id, task.task_id)
            for run in seen.runs.values()
            if run.state == "running"
            for task in self.world.dag_of(run.id).tasks.values()
            if task.depends_on_past and past.is_open(run, task)
        )

    def when_quiet(self, seen: Seen) -> None:
        """See `Watch.when_quiet`."""
        past = Past(self, seen)
        for run_id, task_id in self.world.calm.rows(_GATES):
            run = seen.runs[run_id]
            if run.state == "running" and past.is_open(run, self.world.dag_of(run_id).tasks[task_id]):
                raise Violation(f"{run.run_id}/{task_id} waits for the run before, which would let it begin")

    def closed(self, seen: Seen) -> set[Key]:
        """Return the tasks of running runs that rightly wait for the run before."""
        return {key for key, is_open in self._gates(seen) if not is_open}

    def has_open(self, seen: Seen) -> bool:
        """Whether a task of a running run waits at a gate that is open, as nobody has looked yet."""
        return any(is_open and seen.runs[key[0]].state == "running" for key, is_open in self._gates(seen))

    def _gates(self, seen: Seen) -> list[tuple[Key, bool]]:
        past = Past(self, seen)
        gates = [(seen.runs[row[0]], row[1]) for row in self.world.calm.rows(_GATES)]
        return [
            ((run.id, task_id), past.is_open(run, self.world.dag_of(run.id).tasks[task_id])) for run, task_id in gates
        ]


class Past:
    """What runs say to those after them."""

    def __init__(self, watch: PastWatch, seen: Seen) -> None:
        self._world = watch.world
        self._seen = seen
        self._states: dict[Key, Counter[str]] = {}
        for each in seen.instances.values():
            if each.state != "removed":
                self._states.setdefault((each.run, each.task_id), Counter())[each.state] += 1

    def is_open(self, run: RunSeen, task: SimTask) -> bool:
        """Whether the past lets a task of a run begin."""
        dag = self._world.dag_of(run.id)
        before = self._before(run, task, dag)
        if before is None:
            return True
        own = self._states.get((before.id, task.task_id))
        if own is None:
            return task.ignore_first_depends_on_past and self._is_first(run, task)
        wanted = [own]
        if task.wait_for_downstream:
            wanted += [self._states.get((before.id, below), Counter()) for below in task.downstream]
        return all(set(states) <= FINE for states in wanted)

    def _before(self, run: RunSeen, task: SimTask, dag: SimDag) -> RunSeen | None:
        date = run.logical_date
        if date is None:
            return None
        earlier = [
            each
            for each in self._seen.runs.values()
            if each.dag_id == run.dag_id and each.logical_date is not None and each.logical_date < date
            if not dag.catchup or each.run_type != "manual"
        ]
        found = max(earlier, key=lambda each: (each.logical_date or 0, each.id), default=None)
        begin = task.start_date or dag.start_date
        if found is None or not dag.catchup or begin is None:
            return found
        return found if (found.logical_date or 0) >= (begin - EPOCH) // MICROSECOND else None

    def _is_first(self, run: RunSeen, task: SimTask) -> bool:
        dates = [
            each.logical_date
            for each in self._seen.runs.values()
            if each.dag_id == run.dag_id and each.logical_date is not None and (each.id, task.task_id) in self._states
        ]
        return run.logical_date is None or not dates or min(dates) >= run.logical_date
