"""The checker: compares what tasks wrote to the ledger with what the database says of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from chaos.ledger import FULL, Execution, Line, executions
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import continuation, dag_run, run_progress, task_instance, task_try

UPSTREAM = {
    "chain": {f"link_{number}": [f"link_{number - 1}"] for number in range(1, 5)},
    "fan": {f"narrow_{number}": ["first"] for number in range(6)} | {"rest": [f"narrow_{n}" for n in range(6)]},
    "mapped": {"each": ["listing"], "total": ["listing", "each"]},
    "flaky": {"flaky": ["before"], "after": ["flaky"]},
    "branching": {"left": ["choose"], "right": ["choose"], "join": ["choose", "left", "right"]},
}
# How many tasks a run has, a mapped one counted once
TASKS = {
    "chain": 5,
    "fan": 8,
    "limited": 3,
    "mapped": 3,
    "flaky": 3,
    "branching": 4,
    "failing": 2,
    "ticking": 1,
    "long": 100,
}
FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed"})
MAY_BE_SKIPPED = {("mapped", "each"), ("branching", "left"), ("branching", "right")}
TASK_ENDS_AS: Mapping[tuple[str, str], str] = defaultdict(
    lambda: "success", {("failing", "fails"): "failed", ("failing", "never"): "upstream_failed"}
)
RUN_ENDS_AS: Mapping[str, str] = defaultdict(lambda: "success", failing="failed")
# How the last try of an instance may have ended: one that was lost is a failure where no try is left
LAST_TRY: Mapping[str, tuple[str, ...]] = {"success": ("success",), "failed": ("failed", "lost")}


@dataclass(frozen=True, slots=True)
class Instance:
    """A task instance as the database has it."""

    id: int
    run: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database says at the end.

    Arguments:
        runs: (dag_id, run_id, state).
        tries: state, try number and cause by (instance, token).
        left_over: rows that should be gone: continuations, and unfinished counts.
    """

    runs: tuple[tuple[str, str, str], ...]
    instances: tuple[Instance, ...]
    tries: Mapping[tuple[int, int], tuple[str, int, str]]
    left_over: tuple[str, ...] = ()


def read_rows(database: Database) -> Rows:
    """Return the rows that the ledger is compared with."""
    ti, run, one_try = task_instance.c, dag_run.c, task_try.c
    columns = (ti.id, ti.run, run.dag_id, run.run_id, ti.task_id, ti.map_index, ti.state)
    with database.read() as conn:
        runs = tuple((row[0], row[1], row[2]) for row in conn.execute(sa.select(run.dag_id, run.run_id, run.state)))
        found = conn.execute(sa.select(*columns).join_from(task_instance, dag_run, run.id == ti.run))
        instances = tuple(Instance(*row) for row in found)
        query = sa.select(one_try.instance, one_try.token, one_try.state, one_try.try_number, one_try.cause)
        tries = {(row[0], row[1]): (row[2], row[3], row[4] or "") for row in conn.execute(query)}
        left = [f"continuation {row}" for row in conn.execute(sa.select(continuation))]
        progress = sa.select(run_progress).where(run_progress.c.unfinished != 0)
        left += [f"progress {row}" for row in conn.execute(progress)]
    return Rows(runs, instances, tries, tuple(left))


def violations(lines: Iterable[Line], rows: Rows) -> list[str]:
    """Return each broken promise as a sentence; none is a success."""
    lines = list(lines)
    executed = executions(lines)
    return [
        *(
            f"{line.word[len(FULL) :]} was held by others when {told(line)} began"
            for line in lines
            if FULL in line.word
        ),
        *_repeated(executed),
        *_unlike_rows(executed, rows),
        *_out_of_order(executed, rows),
        *_ends(rows),
    ]


def told(line: Line) -> str:
    """Return which try a line is of."""
    place = f"{line.dag_id}/{line.run_id}/{line.task_id}[{line.map_index}]"
    return f"{place} (instance {line.instance}, token {line.token}, try {line.try_number}, pid {line.pid})"


def _repeated(executed: Iterable[Execution]) -> Iterator[str]:
    """No dispatch begins twice, no try number begins twice, and tokens of an instance rise."""
    newest: dict[int, Execution] = {}
    for each in executed:
        before = newest.get(each.start.instance)
        if before is not None:
            if before.start.token >= each.start.token:
                yield f"{told(each.start)} began after {told(before.start)}"
            if before.start.try_number >= each.start.try_number:
                yield f"the code of one try began twice: {told(before.start)}, {told(each.start)}"
            if before.end is not None and before.end.at > each.start.at:
                yield f"two tries overlap: {told(before.start)}, {told(each.start)}"
        newest[each.start.instance] = each


def _unlike_rows(executed: Iterable[Execution], rows: Rows) -> Iterator[str]:
    begun: dict[tuple[int, int], Execution] = {}
    for each in executed:
        begun[each.key] = each
        if each.key not in rows.tries:
            yield f"the code of {told(each.start)} began, and the database has no such try"
    for key, (state, _number, cause) in rows.tries.items():
        execution = begun.get(key)
        wrote = execution.end.word if execution is not None and execution.end is not None else None
        if state == "never_started" and execution is not None:
            yield f"the code of {told(execution.start)} began, and the database says that it never did"
        if state == "success" and wrote != "success":
            yield f"try {key} is a success by the database, and wrote {wrote or 'no end'} to the ledger"
        # A process may be killed between its last line and its report
        if state == "failed" and wrote == "success" and "SIG" not in cause:
            yield f"try {key} wrote success, and is {state} by the database"
    last = {key[0]: each[0] for key, each in sorted(rows.tries.items())}
    for instance in rows.instances:
        if instance.state in LAST_TRY and last.get(instance.id) not in LAST_TRY[instance.state]:
            yield f"{instance} has a last try that ended as {last.get(instance.id)}"
        if instance.state in {"skipped", "upstream_failed"} and instance.id in last:
            yield f"{instance} has a try"


def _out_of_order(executed: Iterable[Execution], rows: Rows) -> Iterator[str]:
    """Nothing begins before what it waits for has ended: with success, or skipped where that is planned."""
    ended: dict[tuple[str, str, str], int] = {}
    begun: dict[tuple[str, str, str], int] = {}
    for each in executed:
        name = (each.start.dag_id, each.start.run_id, each.start.task_id)
        begun[name] = min(begun.get(name, each.start.at), each.start.at)
        if each.end is not None and rows.tries.get(each.key, ("", 0, ""))[0] == "success":
            ended[name] = max(ended.get(name, 0), each.end.at)
    skipped = {(each.dag_id, each.run_id, each.task_id) for each in rows.instances if each.state == "skipped"}
    for (dag_id, run_id, task_id), at in begun.items():
        for upstream in UPSTREAM.get(dag_id, {}).get(task_id, []):
            name = (dag_id, run_id, upstream)
            if name not in ended and name not in skipped:
                yield f"{dag_id}/{run_id}: {task_id} began, and {upstream} never ended with success"
            if ended.get(name, 0) > at:
                yield f"{dag_id}/{run_id}: {task_id} began before {upstream} had ended"


def _ends(rows: Rows) -> Iterator[str]:
    """Every run and every task instance ends, as its DAG has it, and none of them is missing."""
    tasks = {(each.dag_id, each.run_id, each.task_id) for each in rows.instances}
    made = Counter((dag_id, run_id) for dag_id, run_id, _task_id in tasks)
    for dag_id, run_id, state in rows.runs:
        if state != RUN_ENDS_AS[dag_id]:
            yield f"run {dag_id}/{run_id} is {state}"
        if made[dag_id, run_id] != TASKS[dag_id]:
            yield f"run {dag_id}/{run_id} has {made[dag_id, run_id]} of {TASKS[dag_id]} tasks"
    for each in rows.instances:
        is_planned_skip = each.state == "skipped" and (each.dag_id, each.task_id) in MAY_BE_SKIPPED
        if each.state in FINISHED and each.state != TASK_ENDS_AS[each.dag_id, each.task_id] and not is_planned_skip:
            yield f"{each} was to end as {TASK_ENDS_AS[each.dag_id, each.task_id]}"
    unfinished = Counter(each.state for each in rows.instances if each.state not in FINISHED)
    if unfinished:
        yield f"task instances that never ended: {dict(unfinished)}"
    yield from rows.left_over
