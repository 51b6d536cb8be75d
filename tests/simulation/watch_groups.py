"""Groups over XComs: all of a group is expanded at once, to as many instances as were pushed, each with its own rule."""

from __future__ import annotations

from simulation.baton import Turn
from simulation.features_of_flow import GROUP
from simulation.model import EARLY, RUN, above, verdicts
from simulation.scenario import SimDag, SimTask
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import InstanceSeen, Seen, pushed

ENDS = frozenset({"success", "failed", "upstream_failed", "skipped"})


class GroupWatch(Watch):
    """Knows what becomes of a mapped group when it learns its length."""

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        for run in seen.runs.values():
            dag = self.world.dag_of(run.id)
            group = [task for task in dag.tasks.values() if task.mapped_group == GROUP]
            if group:
                self._look(run.id, dag, group, before, seen)

    def _look(self, run: int, dag: SimDag, group: list[SimTask], before: Seen, seen: Seen) -> None:
        names = {task.task_id for task in group}
        was = {each.task_id: each for each in before.of_run(run) if each.task_id in names and each.map_index < 0}
        now = [each for each in seen.of_run(run) if each.task_id in names and each.map_index >= 0]
        new = [each for each in now if each.task_id in was]
        if not new:
            return
        self.world.count("group expanded" if len(was) == len(names) else "joined an expanded group")
        self._require_all(run, group, now)
        waiting = {each.task_id for each in was.values() if each.state == "none"}
        if left := waiting - {each.task_id for each in new}:
            raise Violation(
                f"{sorted(left)} of run {run} wait for their length, though others of their group have learned it"
            )
        if any(each.state in ENDS for each in was.values()):
            self.world.count("ended before its group")
        of_task: dict[str, list[InstanceSeen]] = {}
        for each in before.of_run(run):
            of_task.setdefault(each.task_id, []).append(each)
        for each in new:
            if each.state != "none":
                self._require_turn(dag, each, of_task)

    def _require_all(self, run: int, group: list[SimTask], now: list[InstanceSeen]) -> None:
        """Each task of the group that is expanded has an instance of each element."""
        [source] = {source[0] for task in group for _, source in task.expand or ()}
        length = pushed(self.world.calm).get((run, source, -1))
        for name in {each.task_id for each in now}:
            count = sum(each.task_id == name for each in now)
            if count != length:
                raise Violation(f"{name} of run {run} has {count} instances, but {length} elements were pushed")

    def _require_turn(self, dag: SimDag, each: InstanceSeen, of_task: dict[str, list[InstanceSeen]]) -> None:
        """An instance begins with its expansion only if its own rule says so, as what it waits for stood."""
        rule = dag.tasks[each.task_id].trigger_rule
        ends = [one.state for one in above(dag, of_task, each, dag.tasks[each.task_id].upstream)]
        if not set(ends) <= ENDS and rule not in EARLY:
            raise Violation(f"{each.name} is {each.state} as it is expanded, but waits for others: {ends}")
        if set(ends) <= ENDS and each.state == "scheduled" and RUN not in verdicts(rule, ends):
            raise Violation(f"{each.name} is {each.state} as it is expanded, but {rule} of {ends} does not say so")
