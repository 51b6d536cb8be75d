"""The invariants, looked at after every step of every actor, and once more when all is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulation.model import FinishedRun
from simulation.watching import InstanceSeen, Seen, limits, live_slots, look, tries
from tradewind.metadata.tables import EPOCH

if TYPE_CHECKING:
    from simulation.world import World

ENDS = ("success", "failed", "upstream_failed", "skipped", "removed")
RUN_ENDS = {"success", "failed"}


class Violation(AssertionError):  # noqa: N818  (the word of the field; it is no error of the simulation)
    """An invariant does not hold."""


class Checker:
    """Compares what the database says with what must be so and with what really happened to the processes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen = Seen({}, {})
        self._writes = -1

    def after_step(self, actor: str) -> None:
        """Check what must hold at any moment.

        Raises:
            Violation: naming what does not.
        """
        if self.world.database.writes == self._writes:
            self._processes()
            return
        self._writes = self.world.database.writes
        before, self.seen = self.seen, look(self.world.database)
        self._occupancy()
        self._processes()
        self._counters()
        self._runs()
        self._tries()
        if actor.startswith("worker"):
            self._hand_over(before)

    def _occupancy(self) -> None:
        pools, dags, runs = limits(self.world.database)
        busy = [each for each in self.seen.instances.values() if each.state in {"queued", "running"}]
        slots: Counter[str] = Counter()
        for each in busy:
            slots[each.pool] += each.pool_slots
        _no_more(slots, pools, "pool")
        _no_more(Counter(each.dag_id for each in busy), dags, "DAG")
        _no_more(Counter(run.dag_id for run in self.seen.runs.values() if run.state == "running"), runs, "runs of")

    def _processes(self) -> None:
        for process in self.world.live_processes():
            row = self.seen.instances.get(process.ticket.instance)
            if row is None or row.state != "running" or row.token != process.ticket.token:
                state = "gone" if row is None else f"{row.state} with token {row.token}"
                raise Violation(f"{process} runs, but its row is {state}")

    def _counters(self) -> None:
        of_run: dict[int, list[InstanceSeen]] = {}
        for each in self.seen.instances.values():
            of_run.setdefault(each.run, []).append(each)
        for run, instances in of_run.items():
            seen = self.seen.runs[run]
            is_pending = seen.continuations > 0
            if seen.state == "queued" or is_pending:
                continue
            states: dict[str, Counter[str]] = {}
            for each in instances:
                states.setdefault(each.task_id, Counter())[each.state] += 1
            dag = self.world.dag_of(run)
            for each in instances:
                above = sum((states[name] for name in dag.tasks[each.task_id].upstream), Counter())
                expected = (above.total(), *(above[end] for end in ENDS))
                stored = (each.waits, each.success, each.failed, each.upstream_failed, each.skipped, each.removed)
                if stored != expected:
                    raise Violation(f"counters of {each.name} are {stored}, a recount says {expected}")

    def _runs(self) -> None:
        for run in self.seen.runs.values():
            unfinished = sum(each.state not in ENDS for each in self.seen.of_run(run.id))
            if run.unfinished != unfinished:
                raise Violation(f"run {run.run_id} has {run.unfinished} unfinished stored, a recount says {unfinished}")
            if run.state in RUN_ENDS and unfinished:
                raise Violation(f"run {run.run_id} is {run.state} with {unfinished} instances unfinished")
            if run.state == "running" and not unfinished and not run.continuations:
                raise Violation(f"run {run.run_id} is running with nothing unfinished")

    def _tries(self) -> None:
        for each in self.seen.instances.values():
            if each.try_number > each.max_tries + 1:
                raise Violation(f"{each.name} is at try {each.try_number} of {each.max_tries + 1}")

    def _hand_over(self, before: Seen) -> None:
        new = [
            each
            for each in self.seen.instances.values()
            if each.state in {"queued", "running"} and each.id in before.instances
            if before.instances[each.id].state == "none"
        ]
        for waiting in self.seen.instances.values():
            was = before.instances.get(waiting.id)
            if was is None or was.state != "scheduled" or waiting.state != "scheduled":
                continue
            for each in new:
                if each.pool == waiting.pool and each.priority < waiting.priority:
                    raise Violation(
                        f"{each.name} was handed slots that {waiting.name} waited for with a higher priority"
                    )
        self._worker_priority(before)

    def _worker_priority(self, before: Seen) -> None:
        started = [
            each
            for each in self.seen.instances.values()
            if each.state == "running" and each.id in before.instances
            if before.instances[each.id].state in {"none", "queued"}
        ]
        for waiting in self.seen.instances.values():
            was = before.instances.get(waiting.id)
            if was is None or was.state != "queued" or waiting.state != "queued":
                continue
            for each in started:
                if each.executor == waiting.executor and each.priority < waiting.priority:
                    raise Violation(
                        f"{each.name} was started before {waiting.name}, which was queued with a higher priority"
                    )

    def when_quiet(self) -> None:
        """Check, right after a scheduler has done all it could, that nothing that fits is left waiting."""
        seen = look(self.world.database)
        pools, dags, _ = limits(self.world.database)
        now = int((self.world.clock.at - EPOCH).total_seconds() * 1_000_000)
        executors = live_slots(self.world.database, now)
        for each in seen.instances.values():
            if each.state in {"queued", "running"}:
                pools[each.pool] -= each.pool_slots
                dags[each.dag_id] -= 1
                executors[each.executor] = executors.get(each.executor, 0) - 1
        for each in seen.instances.values():
            fits = each.pool_slots <= pools[each.pool] and dags[each.dag_id] > 0 and executors.get(each.executor, 0) > 0
            if each.state == "scheduled" and fits:
                raise Violation(f"{each.name} fits and is not admitted")

    def at_the_end(self) -> None:
        """Check that every finished run looks as its tries and trigger rules say.

        Raises:
            Violation: with everything that nothing explains.
        """
        self.seen = look(self.world.database)
        ended = tries(self.world.database)
        self._once(ended)
        for run in self.seen.runs.values():
            complaints = self._finished(run.id, ended).complaints()
            complaints += self._end_state(run.id)
            if complaints:
                raise Violation(f"run {run.run_id}: " + "; ".join(complaints))

    def _once(self, ended: Iterable[tuple[int, int, int, str]]) -> None:
        consumed: Counter[tuple[int, int]] = Counter()
        for instance, _, try_number, state in ended:
            consumed[instance, try_number] += state != "up_for_reschedule"
        for (instance, try_number), count in consumed.items():
            if count > 1 and try_number > 0 and instance in self.seen.instances:
                raise Violation(f"try {try_number} of {self.seen.instances[instance].name} was consumed {count} times")

    def _finished(self, run: int, ended: Iterable[tuple[int, int, int, str]]) -> FinishedRun:
        instances = self.seen.of_run(run)
        mine = {each.id: each for each in instances}
        last_try: dict[int, str] = {}
        lengths: dict[str, int] = {}
        may_skip: set[str] = set()
        must_skip: set[str] = set()
        dag = self.world.dag_of(run)
        for instance, token, _, state in ended:
            if instance not in mine:
                continue
            if state == "success":
                may_skip |= self.world.skipped_by(dag, instance, token)
                must_skip |= self.world.skipped_by(dag, instance, token) & set(
                    dag.tasks[mine[instance].task_id].downstream
                )
            if token > self.world.cleared_tokens.get(instance, -1):
                last_try[instance] = state
                if state == "success" and mine[instance].map_index < 0:
                    lengths[mine[instance].task_id] = self.world.pushed_length(instance, token)
        must_skip = set() if run in self.world.cleared_runs else must_skip
        return FinishedRun(dag, instances, last_try, lengths=lengths, may_skip=may_skip, must_skip=must_skip)

    def _end_state(self, run: int) -> list[str]:
        dag = self.world.dag_of(run)
        leaves = {task.task_id for task in dag.tasks.values() if not task.downstream}
        bad = {"failed", "upstream_failed"}
        is_failed = any(each.state in bad for each in self.seen.of_run(run) if each.task_id in leaves)
        expected = "failed" if is_failed else "success"
        state = self.seen.runs[run].state
        return [] if state == expected else [f"the run is {state}, its leaves say {expected}"]


def _no_more(used: Counter[str], most: dict[str, int], what: str) -> None:
    for name, count in used.items():
        if count > most[name]:
            raise Violation(f"{what} {name} holds {count} of at most {most[name]}")
