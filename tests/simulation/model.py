"""How a finished run must look, in plain Python and apart from the product's decision: what each end state needs to be so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import prod

from simulation.scenario import SimDag, SimTask
from simulation.watching import InstanceSeen

RUN, SKIP, UPSTREAM_FAILED = "run", "skipped", "upstream_failed"
EARLY = {"one_success", "one_failed", "one_done", "always"}


def verdicts(rule: str, ends: list[str]) -> set[str]:
    """Return what a rule may have said of upstream instances that ended so; more than one where the order decides."""
    if not ends:
        return {RUN}
    success, skipped = ends.count("success"), ends.count("skipped")
    failed = ends.count("failed")
    bad = failed + ends.count("upstream_failed")
    count = len(ends)
    if rule == "all_success":
        if success == count:
            return {RUN}
        return ({UPSTREAM_FAILED} if bad else set()) | ({SKIP} if skipped else set())
    unsuccessful = UPSTREAM_FAILED if bad else SKIP
    said = {
        "all_failed": RUN if bad == count else SKIP,
        "all_done": RUN,
        "always": RUN,
        "all_done_min_one_success": RUN if success else unsuccessful,
        "one_success": RUN if success else unsuccessful,
        "all_skipped": RUN if skipped == count else SKIP,
        "one_failed": RUN if bad else SKIP,
        "one_done": RUN if success + failed else SKIP,
        "none_failed": UPSTREAM_FAILED if bad else RUN,
        "none_failed_min_one_success": UPSTREAM_FAILED if bad else (RUN if success else SKIP),
        "none_skipped": SKIP if skipped else RUN,
        "all_done_setup_success": RUN,
    }
    return {said[rule]}


def judged(task: SimTask, said: set[str], setups: list[str]) -> set[str]:
    """Return what becomes of what a rule said, as the setups of the task ended."""
    if not setups:
        return said
    if task.is_teardown:
        if said != {RUN} or "success" in setups:
            return said
        return {SKIP} if set(setups) == {"skipped"} else {UPSTREAM_FAILED}
    against = {SKIP} if "skipped" in setups else set()
    if {"failed", "upstream_failed"} & set(setups):
        against = against | {UPSTREAM_FAILED}
    return (said - {RUN}) | against if against else said


def is_paired(dag: SimDag, name: str, other: str) -> bool:
    """Whether two tasks are in one mapped group, so that each instance sees that of its own index alone."""
    group = dag.tasks[name].mapped_group
    return group is not None and group == dag.tasks[other].mapped_group


def above(
    dag: SimDag, of_task: dict[str, list[InstanceSeen]], each: InstanceSeen, names: Iterable[str]
) -> list[InstanceSeen]:
    """Return the instances that an instance sees of the tasks named."""
    found = []
    for name in names:
        there = of_task.get(name, [])
        if is_paired(dag, name, each.task_id):
            there = [one for one in there if one.map_index in {each.map_index, -1}]
        found += there
    return found


def index_of(dag: SimDag, task_id: str, skipped: str, map_index: int) -> int | None:
    """Return which instances a task skips of another by name: that of its own index in a mapped group, else all (None)."""
    return map_index if is_paired(dag, task_id, skipped) else None


class FinishedRun:
    """A finished run, and why its instances may be as they are.

    Arguments:
        instances: all instances of the run.

    What is known of its tries is put in afterwards:

    - `last_try`: state of the last try since the last clear, by instance, for those that were tried;
    - `attempts`: how many tries were consumed since then;
    - `retryable`: instances whose last try may be followed by another one, if any is left;
    - `lengths`: lengths that the last successful tries pushed, by task id, for unmapped tasks;
    - `may_skip`: tasks that a branch or short circuit of this run skipped by name, since it was cleared itself, each with the
      index that is meant, None for all;
    - `must_skip`: those of them directly below it, in a run that was never cleared;
    - `stopped`: instances that the first failure of a run stopped that ends there: whatever else there is to say, they are skipped.
    """

    def __init__(self, dag: SimDag, instances: list[InstanceSeen]) -> None:
        self.dag = dag
        self.of_task: dict[str, list[InstanceSeen]] = {}
        for each in instances:
            self.of_task.setdefault(each.task_id, []).append(each)
        self.last_try: dict[int, str] = {}
        self.attempts: Counter[int] = Counter()
        self.retryable: set[int] = set()
        self.lengths: dict[str, int] = {}
        self.may_skip: set[tuple[str, int | None]] = set()
        self.must_skip: set[tuple[str, int | None]] = set()
        self.stopped: set[int] = set()

    def complaints(self) -> list[str]:
        """Return a sentence for everything that nothing explains."""
        found = []
        for task in self.dag.tasks.values():
            for each in self.of_task.get(task.task_id, []):
                found += self._of_stopped(each) if each.id in self.stopped else self._of_instance(task, each)
            found += self._of_length(task)
        return found

    def of_pushed(self, stored: dict[tuple[str, int], int | None]) -> list[str]:
        """Return a sentence for everything stored that no successful last try pushed, and for what is missing.

        Arguments:
            stored: lengths by task id and map index.
        """
        expected = {
            (task_id, each.map_index): self.lengths.get(task_id) if each.map_index < 0 else None
            for task_id, instances in self.of_task.items()
            for each in instances
            if self.last_try.get(each.id) == "success"
        }
        return [
            f"of {task_id}[{index}] the length {stored.get((task_id, index), 'of nothing')} is stored, "
            f"but {expected.get((task_id, index), 'nothing')} was pushed"
            for task_id, index in sorted({*stored, *expected})
            if (task_id, index) not in stored
            or (task_id, index) not in expected
            or stored[task_id, index] != expected[task_id, index]
        ]

    def _of_stopped(self, each: InstanceSeen) -> list[str]:
        return [] if each.state == SKIP else [f"{each.name} is {each.state}, but a failure stopped it"]

    def _of_instance(self, task: SimTask, each: InstanceSeen) -> list[str]:
        ends = [one.state for one in above(self.dag, self.of_task, each, task.upstream)]
        setups = [one.state for one in above(self.dag, self.of_task, each, task.setups)]
        said = judged(task, verdicts(task.trigger_rule, ends), setups)
        named = {(task.task_id, None), (task.task_id, each.map_index)}
        tried = self.last_try.get(each.id)
        if tried is not None and not self._is_placeholder(task, each):
            end = {"success": "success", "skipped": "skipped", "failed": "failed", "lost": "failed"}.get(tried)
            if named & self.must_skip and task.trigger_rule not in EARLY:
                return [f"{each.name} ran, but a branch skipped it"]
            if RUN not in said:
                return [f"{each.name} ran, but {task.trigger_rule} of {ends} says {said}"]
            if end == "failed" and each.id in self.retryable and self.attempts[each.id] <= task.retries:
                return [f"{each.name} gave up at {self.attempts[each.id]} attempts of {task.retries + 1}"]
            if self.attempts[each.id] > task.retries + 1:
                return [f"{each.name} made {self.attempts[each.id]} attempts of {task.retries + 1}"]
            return [] if each.state == end else [f"{each.name} is {each.state}, but its last try ended as {tried}"]
        allowed = self._allowed(task, each, said)
        return [] if each.state in allowed else [f"{each.name} is {each.state} without a try; {ends} explain {allowed}"]

    def _allowed(self, task: SimTask, each: InstanceSeen, said: set[str]) -> set[str]:
        allowed = said - {RUN}
        if {(task.task_id, None), (task.task_id, each.map_index)} & self.may_skip:
            allowed = allowed | {SKIP}
        if RUN in said:
            if task.is_empty:
                allowed = allowed | {"success"}
            if self._is_placeholder(task, each):
                allowed = allowed | self._unexpanded(task)
        return allowed

    def _is_placeholder(self, task: SimTask, each: InstanceSeen) -> bool:
        return each.map_index < 0 and task.expand is not None

    def _unexpanded(self, task: SimTask) -> set[str]:
        sources = [source[0] for _, source in task.expand or () if not isinstance(source, int)]
        without = {self._without_list(name) for name in sources}
        if without & {UPSTREAM_FAILED, SKIP}:
            return {UPSTREAM_FAILED} if UPSTREAM_FAILED in without else {SKIP}
        count = self._count(task)
        if count is None:
            return {"failed"}
        return {SKIP} if count == 0 else set()

    def _without_list(self, name: str) -> str | None:
        """Return how a task ends that is mapped over one that can have pushed no list."""
        ends = {each.state for each in self.of_task.get(name, [])}
        if ends == {"skipped"}:
            return SKIP
        expand = self.dag.tasks[name].expand
        if expand is not None and all(isinstance(source, int) for _, source in expand):
            return None
        failures = {UPSTREAM_FAILED} if expand is not None else {UPSTREAM_FAILED, "failed"}
        return UPSTREAM_FAILED if ends and ends <= failures else None

    def _count(self, task: SimTask) -> int | None:
        """Return how many instances a mapped task must have; None where its source pushed nothing."""
        lengths: list[int] = []
        for _, source in task.expand or ():
            if isinstance(source, int):
                lengths.append(source)
                continue
            there = self.of_task.get(source[0], [])
            if {each.state for each in there} == {"skipped"}:
                return 0
            if self.dag.tasks[source[0]].expand is not None:
                lengths.append(sum(each.map_index >= 0 and self.last_try.get(each.id) == "success" for each in there))
            elif source[0] in self.lengths:
                lengths.append(self.lengths[source[0]])
            else:
                return None
        return prod(lengths)

    def _of_length(self, task: SimTask) -> list[str]:
        there = self.of_task.get(task.task_id, [])
        if not there:
            return [f"task {task.task_id} has no instance at all"]
        if task.expand is None or there[0].map_index < 0:
            return [] if len(there) == 1 else [f"task {task.task_id} has {len(there)} instances"]
        count = self._count(task)
        indexes = sorted(each.map_index for each in there)
        if count is None or indexes != list(range(count)):
            return [f"task {task.task_id} has the indexes {indexes}, but {count} elements were pushed"]
        return []
