"""The first failure: what has not begun, or waits for another try, is skipped with it; what cleans up, or runs, goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import InstanceSeen, Seen

if TYPE_CHECKING:
    from simulation.world import World

READY = frozenset({"scheduled", "queued", "up_for_retry", "up_for_reschedule"})
STOPPABLE = READY | {"none"}


class FailStopWatch(Watch):
    """Knows what the failure of a task does to the others of its run, and which instances it has stopped."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._pending: dict[int, dict[int, InstanceSeen]] = {}
        """What a failure of a run is still to stop, as it was then: a transaction with a cap leaves a rest."""

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        for run in seen.runs.values():
            if not self.world.dag_of(run.id).fail_stop:
                continue
            failed = {each.task_id for each in seen.of_run(run.id) if self._fails(before, each)}
            todo = {each.id: each for each in before.of_run(run.id) if self._is_to_stop(each, failed)}
            self._leave_alone(run.id, todo, before, seen)
            self._take_over(run.id, before, seen)
            if failed:
                self.world.count("failure that stops")
            if not run.continuations:
                self._require(todo, seen)
                self._settle(run.id, seen)
                continue
            kept = self._pending.setdefault(run.id, {})
            self._pending[run.id] = {**todo, **kept}

    def _fails(self, before: Seen, each: InstanceSeen) -> bool:
        was = before.instances.get(each.id)
        is_new = was is not None and was.state != "failed" and each.state == "failed"
        return is_new and not self.world.dag_of(each.run).tasks[each.task_id].is_teardown

    def _is_to_stop(self, each: InstanceSeen, failed: set[str]) -> bool:
        is_teardown = self.world.dag_of(each.run).tasks[each.task_id].is_teardown
        return bool(failed - {each.task_id}) and each.state in STOPPABLE and not is_teardown

    def _require(self, todo: dict[int, InstanceSeen], seen: Seen) -> None:
        """All that a failure finds open is skipped in its own transaction, if that has no rest."""
        for was in todo.values():
            now = seen.instances.get(was.id)
            if now is None or now.state != "skipped":
                state = "gone" if now is None else now.state
                raise Violation(f"{was.name} was {was.state} when its run failed, and is {state}")
            self._stopped(was)

    def _settle(self, run: int, seen: Seen) -> None:
        """What a rest has stopped: all but what was cleared meanwhile, or had begun before the rest came to it."""
        for was in self._pending.pop(run, {}).values():
            now = seen.instances.get(was.id)
            if now is None or now.token != was.token:
                continue
            if now.state in STOPPABLE:
                raise Violation(f"{was.name} was {was.state} when its run failed, and nothing is left that stops it")
            if now.state == "skipped":
                self._stopped(was)

    def _take_over(self, run: int, before: Seen, seen: Seen) -> None:
        """What is cleared, or expanded, while a rest is still to be done may be stopped with it."""
        for each in seen.of_run(run) if run in self._pending else ():
            was = before.instances.get(each.id)
            if each.state == "skipped" and (was is None or was.state != "skipped"):
                self.world.stopped[each.id] = each.token

    def _stopped(self, was: InstanceSeen) -> None:
        self.world.stopped[was.id] = was.token
        if was.state in READY:
            self.world.count("stopped by a failure")

    def _leave_alone(self, run: int, todo: dict[int, InstanceSeen], before: Seen, seen: Seen) -> None:
        """Nothing that is ready is skipped but by a failure, or as its run took too long."""
        if run in self._pending or run in self.world.timed_out:
            return
        for was in before.of_run(run):
            now = seen.instances.get(was.id)
            is_stopped = was.state in READY and now is not None and (now.state, now.token) == ("skipped", was.token)
            if is_stopped and was.id not in todo:
                raise Violation(f"{was.name} was {was.state} and is skipped, but no failure stops it")
