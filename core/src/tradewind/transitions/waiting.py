"""Why what is ready waits: one sentence each, from the same limits and counts that admission goes by. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from tradewind.metadata.statements.admission import Group, Limits, Occupancy, TaskLimit
from tradewind.metadata.statements.waits import DeferredTasks, LiveWorker, QueuedRuns, QueuedTries
from tradewind.transitions.admission import prefetch

SCHEDULER = "scheduler"
TRIGGERER = "triggerer"
ALL_DRAINED = "Every live worker of {} is drained: `tradewind drains list` shows since when and why."
NO_SCHEDULER = "No scheduler lives: start `tradewind scheduler`."


def why_ready(needs: Group, limits: Limits, occupied: Occupancy, live: Collection[str]) -> str:
    """Return why ready tasks have no slots.

    Arguments:
        needs: what each of them needs.
        limits, occupied: as admission reads them.
        live: the kinds of daemons of which one lives.
    """
    if SCHEDULER not in live:
        return NO_SCHEDULER
    slots = limits.pools.get(needs.pool)
    if slots is None:
        return f"There is no pool {needs.pool!r}: make it with `tradewind pools set {needs.pool} SLOTS`."
    if needs.pool_slots > slots:
        return f"Each needs {needs.pool_slots} slots of pool {needs.pool!r}, which has {slots} in all."
    taken = occupied.pools.get(needs.pool, 0)
    if slots - taken < needs.pool_slots:
        return f"Pool {needs.pool!r} is full: {taken} of its {slots} slots are taken{_each_needs(needs.pool_slots)}."
    most = limits.dags.get(needs.dag_id)
    if most is not None and occupied.dags.get(needs.dag_id, 0) >= most:
        return f"DAG {needs.dag_id!r} has {most} tasks at work, as many as its max_active_tasks allows."
    return (
        _why_executor(needs.executor, limits, occupied)
        or _why_task(needs, limits)
        or "There is room: the next step of a scheduler admits them."
    )


def _why_task(needs: Group, limits: Limits) -> str | None:
    names = ", ".join(sorted(repr(task_id) for dag_id, task_id in limits.tasks if dag_id == needs.dag_id))
    if not names:
        return None
    return f"There is room, but for tasks at a limit of their own (max_active_tis_per_dag, …_dagrun): {names} may be."


def why_limited(task_id: str, limit: TaskLimit, lanes: Mapping[tuple[str, str, int], int], run: int) -> str | None:
    """Return which limit of its own a task has reached, None for none.

    Arguments:
        lanes: how many of its instances are at work, by DAG, task and run.
        run: the run of the instance that waits.
    """
    in_all = sum(lanes.values())
    if limit.per_dag is not None and in_all >= limit.per_dag:
        return f"{in_all} instances of {task_id!r} are at work, as many as its max_active_tis_per_dag allows."
    in_run = sum(count for (_, _, of_run), count in lanes.items() if of_run == run)
    if limit.per_run is not None and in_run >= limit.per_run:
        return f"{in_run} instances of {task_id!r} are at work in this run, as many as its max_active_tis_per_dagrun allows."
    return None


def _each_needs(slots: int) -> str:
    return f", and each needs {slots}" if slots > 1 else ""


def _why_executor(executor: str, limits: Limits, occupied: Occupancy) -> str | None:
    offered = limits.executors.get(executor, 0)
    if offered == 0 and executor in limits.executors:
        return ALL_DRAINED.format(executor)
    if offered == 0:
        return f"No worker of {executor} lives: start `tradewind worker`."
    held = occupied.executors.get(executor, 0)
    if held >= offered + prefetch(offered):
        return f"The workers of {executor} are busy: all their {offered} slots are taken, and {held - offered} more tasks queue."
    return None


def why_queued(tries: QueuedTries, workers: Sequence[LiveWorker]) -> str:
    """Return why admitted tries are not claimed."""
    of_executor = [each for each in workers if each.executor == tries.executor]
    if not of_executor:
        return f"No worker of {tries.executor} lives: start `tradewind worker`."
    serving = [each for each in of_executor if each.queues is None or tries.queue in each.queues]
    if not serving:
        return f"No live worker of {tries.executor} serves the queue {tries.queue!r}."
    serving = [each for each in serving if not each.is_drained]
    if not serving:
        return ALL_DRAINED.format(tries.executor)
    slots, busy = sum(each.slots for each in serving), sum(each.busy for each in serving)
    if busy >= slots:
        return f"The workers of {tries.executor} are busy: all their {slots} slots are taken."
    return f"{slots - busy} of {slots} slots are free: a worker claims them with its next exchange."


def why_deferred(tasks: DeferredTasks, live: Collection[str]) -> str:
    """Return why deferred tasks wait."""
    if TRIGGERER not in live:
        return "No triggerer lives: start `tradewind triggerer`."
    if tasks.unclaimed:
        return (
            "The triggerers have not taken them yet: each runs as many as its capacity allows ([triggerer] capacity)."
        )
    return tasks.problem or "Their triggers have not fired yet."


def why_run_queued(runs: QueuedRuns, live: Collection[str]) -> str:
    """Return why runs of a DAG do not start."""
    if runs.is_paused:
        return f"DAG {runs.dag_id!r} is paused: `tradewind dags unpause {runs.dag_id}`."
    if runs.quarantine is not None:
        return f"DAG {runs.dag_id!r} is in quarantine, as a scheduler stumbled over it: {runs.quarantine}"
    if SCHEDULER not in live:
        return NO_SCHEDULER
    if runs.running >= runs.max_active_runs:
        return f"{runs.running} of its runs are active, as many as its max_active_runs allows."
    return "There is room: the next step of a scheduler starts them."


def missing_daemons(live: Iterable[str]) -> list[str]:
    """Return a sentence for each kind of daemon without which nothing goes on, and of which none lives."""
    sentences = {
        SCHEDULER: "No scheduler lives: no runs are made and no task is admitted.",
        "processor": "No DAG processor lives: changes of DAG files are not seen.",
        "worker": "No worker lives: no task is run.",
    }
    return [sentence for kind, sentence in sentences.items() if kind not in set(live)]
