"""Running a DAG or one of its tasks inside a test."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import XCOM_RETURN_KEY, bind
from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag import DAG
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.config import Config, load
from tradewind.execution.in_process import InProcessRun, run_in_process
from tradewind.execution.trial import Given, LookupHost, Trial, render_task, try_task
from tradewind.testing.clock import as_moment
from tradewind.testing.fakes import as_fakes
from tradewind.testing.lookups import FakeAnswers, FakeLookups

TaskResult = Trial


@dataclass(frozen=True)
class Run:
    """A run of a DAG that has ended.

    Arguments:
        state: `success` or `failed`.
        states: of its tasks by id; of a mapped task, the list of its instances' states.
        causes: why tasks did not succeed, in one line each, by id (the first instance's of a mapped task).
        log: what its tasks logged, secrets masked.
    """

    run_id: str
    state: str
    states: Mapping[str, str | list[str]]
    causes: Mapping[str, str]
    log: str
    _values: Mapping[tuple[str, str], Any]

    def value(self, task_id: str, key: str = XCOM_RETURN_KEY) -> Any:
        """Return what a task pushed (by default, returned); of a mapped task the list of its instances' values.

        Raises:
            KeyError: it pushed nothing under that key.
        """
        return self._values[task_id, key]


def run_dag(
    dag: DAG,
    *,
    conf: Mapping[str, Any] | None = None,
    logical_date: datetime | str | None = None,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Run:
    """Run all tasks of a DAG in this process, in the order and by the rules of the scheduler.

    Retries and rescheduled sensors do not wait. Nothing is written outside of memory.

    Arguments:
        conf: the run's conf; its values for the DAG's params are checked.
        logical_date: of the run, ISO 8601 or aware; now by default.
        connections: by id: `Connection`, URI, JSON or dict of parts. Tasks find no others.
        variables: by key: text, or what is written as JSON. Tasks find no others.
    Raises:
        ParamValidationError: a value of `conf` does not fit its param.
        SerializationError: the DAG cannot be serialized, so no installation could run it either.
    """
    log = io.StringIO()
    with surroundings(connections, variables) as (config, lookups):
        done = run_in_process(
            dag,
            config=config,
            out=log,
            logical_date=_moment(logical_date),
            conf=conf,
            answers=FakeAnswers(lookups),
            waits=False,
        )
    return _as_run(done, log.getvalue())


def run_task(
    task: TaskNode | XComArg,
    *,
    xcoms: Mapping[str | tuple[str, str], Any] | None = None,
    map_index: int | None = None,
    try_number: int = 1,
    conf: Mapping[str, Any] | None = None,
    logical_date: datetime | str | None = None,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> TaskResult:
    """Execute one task of a DAG, whatever is before it; what it raises comes out as it is.

    Arguments:
        task: `dag.get_task("…")`, an operator, or what a call of a `@task` function returned.
        xcoms: what tasks before it have pushed: by task id what they returned, or by (task id, key).
        map_index: which instance of a mapped task; by default the first.
        try_number: which try it believes to be.
        conf, logical_date, connections, variables: see `run_dag`.
    """
    with surroundings(connections, variables) as (_config, lookups):
        node = _node(task)
        given = _given(
            node, xcoms=xcoms, map_index=map_index, try_number=try_number, conf=conf, logical_date=logical_date
        )
        return try_task(node, given, lookups)


def render(
    task: TaskNode | XComArg,
    *,
    xcoms: Mapping[str | tuple[str, str], Any] | None = None,
    map_index: int | None = None,
    conf: Mapping[str, Any] | None = None,
    logical_date: datetime | str | None = None,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a task's templated arguments with their templates filled in, without executing it. Arguments: see `run_task`."""
    with surroundings(connections, variables) as (_config, lookups):
        node = _node(task)
        given = _given(node, xcoms=xcoms, map_index=map_index, try_number=1, conf=conf, logical_date=logical_date)
        return render_task(node, given, lookups)


def load_dag(
    file: Path | str,
    dag_id: str | None = None,
    *,
    connections: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> DAG:
    """Import a DAG file anew and return a DAG of it; the file's folder is on `sys.path` while that happens.

    Arguments:
        dag_id: which; may be left out where the file has one only.
        connections, variables: what the file finds that reads some while it is imported.
    Raises:
        TradewindException: the file has no such DAG, or several and none was named.
        Exception: whatever the file itself raises.
    """
    path = Path(file).absolute()
    with surroundings(connections, variables) as (_config, lookups), bind(LookupHost(lookups)), _on_path(path.parent):
        found = load_dags(path, dag_module_name(path.name))
    if dag_id is None and len(found) == 1:
        return next(iter(found.values()))
    if dag_id not in found:
        raise TradewindException(f"{path} has the DAGs {', '.join(sorted(found)) or '(none)'}: name one of them.")
    return found[dag_id]


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def surroundings(
    connections: Mapping[str, Any] | None, variables: Mapping[str, Any] | None
) -> Iterator[tuple[Config, FakeLookups]]:
    """Make what a run needs besides its DAG: a configuration of defaults in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tradewind-test-") as home:
        key = Fernet.generate_key().decode()
        config = load(Path(home), environ={}, overrides={("security", "fernet_key"): key}).config
        yield config, FakeLookups(*as_fakes(connections, variables), config)


def _given(
    task: TaskNode,
    *,
    xcoms: Mapping[str | tuple[str, str], Any] | None,
    map_index: int | None,
    try_number: int,
    conf: Mapping[str, Any] | None,
    logical_date: datetime | str | None,
) -> Given:
    index = map_index if map_index is not None else 0 if isinstance(task, MappedOperator) else -1
    moment = _moment(logical_date) or datetime.now(timezone.utc)
    return Given(moment, conf=conf or {}, xcoms=xcoms or {}, map_index=index, try_number=try_number)


def _node(task: TaskNode | XComArg) -> TaskNode:
    """Return the task; one that is in no DAG gets one of its own."""
    node = task.operator if isinstance(task, XComArg) else task
    if node.dag is None:
        node.join(DAG("test", schedule=None))
    return node


def _moment(value: datetime | str | None) -> datetime | None:
    return None if value is None else as_moment(value)


def _as_run(done: InProcessRun, log: str) -> Run:
    states: dict[str, Any] = {}
    causes: dict[str, str] = {}
    for task in done.tasks:
        if task.map_index < 0:
            states[task.task_id] = task.state
        else:
            states.setdefault(task.task_id, []).append(task.state)
        if task.cause:
            causes.setdefault(task.task_id, task.cause)
    values: dict[tuple[str, str], Any] = {}
    for each in sorted(done.pushed, key=lambda pushed: pushed.map_index):
        if each.map_index < 0:
            values[each.task_id, each.key] = each.value
        else:
            values.setdefault((each.task_id, each.key), []).append(each.value)
    return Run(done.run_id, done.state, states, causes, log, values)
