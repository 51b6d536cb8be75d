"""Trying one task alone, in this process: no run, no other tasks, nothing recorded. For `tasks test`, `tasks render` and tests.

What the task raises comes out as it is, so that a debugger stops and `pytest.raises` sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Protocol

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import (
    TaskDeferred,
    TradewindException,
    TradewindRescheduleException,
    TradewindSkipException,
)
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import XCOM_RETURN_KEY, Host, bind
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.context import build_context, running_in
from tradewind.authoring.dag import DAG
from tradewind.authoring.preparation import prepare, pull_argument
from tradewind.authoring.templating import Renderer
from tradewind.execution import results
from tradewind.metadata.statements.views import Asked
from tradewind.plugins.current import hook_class
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import XComValue


class Lookups(Protocol):
    """Where a tried task finds connections, variables and settings."""

    def connection(self, conn_id: str) -> Connection:
        """Return a connection, or raise `TradewindNotFoundException`."""
        ...

    def variable(self, key: str) -> str | None:
        """Return a variable's text, None where there is none."""
        ...

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """Create or replace a variable."""
        ...

    def setting(self, section: str, key: str) -> str | None:
        """Return a setting as text."""
        ...

    def read_table(self, asked: Asked) -> Mapping[str, Any]:
        """Return a page of a table, see `Host.read_table`."""
        ...

    def mask(self, secret: str) -> None:
        """Have a text replaced by stars in what is logged."""
        ...


@dataclass(frozen=True)
class Given:
    """The run that a tried task believes to be in.

    Arguments:
        logical_date: of the run, aware.
        conf: of the run; those named as params are checked.
        run_id: the run's name; by default `manual__` and the logical date.
        xcoms: what other tasks have pushed: by task id what they returned, or by (task id, key). A mapped task's is the list
            of its instances' values.
        map_index: which instance of a mapped task, from 0.
        try_number: which try, from 1.
    """

    logical_date: datetime
    conf: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    xcoms: Mapping[str | tuple[str, str], Any] = field(default_factory=dict)
    map_index: int = -1
    try_number: int = 1


@dataclass(frozen=True)
class Trial:
    """How a task that was tried alone ended.

    Arguments:
        state: `success`, `skipped`, `up_for_reschedule` or `deferred`; what fails raises instead.
        value: what it returned, as another task would pull it.
        xcoms: all that it pushed, by key.
        skipped: the tasks that it had skipped, as branches do.
        rendered: its templated arguments with their templates filled in.
        reason: why it was skipped, when it wants to look again, or what it waits for.
    """

    state: str
    value: Any = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    rendered: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


def try_task(task: TaskNode, given: Given, lookups: Lookups) -> Trial:
    """Execute one task as a worker would, without its trigger rule, retries, timeout and listeners.

    Raises:
        Exception: whatever the task raises, other than a skip or a wish to be run again later.
        ParamValidationError: a value of the conf does not fit its param.
        SerializationError: what it pushed or returned is no JSON.
    """
    host = TrialHost(task, given, lookups)
    with bind(host):
        operator, context = prepared(task, given)
        rendered = _fields(operator)
        with running_in(context):
            try:
                result = operator.execute(context)
            except TradewindSkipException as error:
                return Trial(TaskState.SKIPPED, xcoms=host.pushed, rendered=rendered, reason=str(error) or None)
            except TaskDeferred as error:
                return Trial(TaskState.DEFERRED, xcoms=host.pushed, rendered=rendered, reason=str(error))
            except TradewindRescheduleException as error:
                later = error.reschedule_date.isoformat()
                return Trial(TaskState.UP_FOR_RESCHEDULE, xcoms=host.pushed, rendered=rendered, reason=later)
    kept = results.returned(result, task.task_id, multiple_outputs=operator.multiple_outputs)
    host.keep(kept if operator.do_xcom_push else ())
    return Trial(
        TaskState.SUCCESS,
        value=host.pushed.get(XCOM_RETURN_KEY),
        xcoms=host.pushed,
        skipped=tuple(context["ti"].skipped_task_ids),
        rendered=rendered,
    )


def render_task(task: TaskNode, given: Given, lookups: Lookups) -> dict[str, Any]:
    """Return a task's templated arguments with their templates filled in, without executing it.

    Raises:
        TradewindException: a template cannot be rendered; the message names the argument.
    """
    with bind(TrialHost(task, given, lookups)):
        operator, _context = prepared(task, given)
        return _fields(operator)


def prepared(task: TaskNode, given: Given) -> tuple[BaseOperator, dict[str, Any]]:
    """Return a task as it is executed, its templates filled in, and its context; a host is bound.

    Raises:
        TradewindException: it is in no DAG, or a template cannot be rendered; the message names the argument.
    """
    dag = task.dag
    if not isinstance(dag, DAG):
        raise TradewindException(f"Task {task.task_id!r} is in no DAG, so there is no run that it could be in.")
    interval = dag.timetable.manual_interval(given.logical_date)
    run = {
        "run_id": given.run_id or f"manual__{given.logical_date.isoformat()}",
        "run_type": "manual",
        "logical_date": given.logical_date,
        "data_interval_start": interval.start,
        "data_interval_end": interval.end,
        "start_date": given.logical_date,
        "conf": dict(given.conf),
    }
    instance = {
        "map_index": given.map_index,
        "try_number": given.try_number,
        "start_date": datetime.now(timezone.utc),
        "hostname": "localhost",
    }
    context = build_context(task, dag_run=run, ti=instance)
    with running_in(context):
        return prepare(task, context), context


def _fields(operator: BaseOperator) -> dict[str, Any]:
    return {name: getattr(operator, name) for name in operator.template_fields}


class LookupHost(Host):
    """Answers from lookups what can be asked while a DAG file is imported: connections, variables, settings."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    def connection(self, conn_id: str) -> Connection:
        """See `Host.connection`."""
        return self._lookups.connection(conn_id)

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """See `Host.hook_class`."""
        return hook_class(conn_type)

    def variable(self, key: str) -> str | None:
        """See `Host.variable`."""
        return self._lookups.variable(key)

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """See `Host.set_variable`."""
        self._lookups.set_variable(key, value, description)

    def settings(self, section: str, key: str) -> str | None:
        """See `Host.settings`."""
        return self._lookups.setting(section, key)

    def read_table(
        self,
        table: str,
        equal: Mapping[str, Sequence[Any]],
        between: Mapping[str, Sequence[int | None]],
        after: Sequence[Any] | None = None,
        without: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """See `Host.read_table`."""
        return self._lookups.read_table(Asked(table, equal, between, after, without))

    def mask(self, secret: str) -> None:
        """See `Host.mask`."""
        self._lookups.mask(secret)


class TrialHost(LookupHost):
    """Answers one tried task: XComs from what was given, the rest from lookups; what it pushes is kept in `pushed`."""

    def __init__(self, task: TaskNode, given: Given, lookups: Lookups) -> None:
        super().__init__(lookups)
        self.pushed: dict[str, Any] = {}
        self._task_id = task.task_id
        self._given = given

    def keep(self, values: Sequence[XComValue]) -> None:
        """Keep values as another task would pull them."""
        self.pushed.update({each.key: results.load(each.value) for each in values if each.value is not None})

    def log(self, level: int, message: str) -> None:
        """See `Host.log`."""
        logging.getLogger("tradewind.task").log(level, "%s", message, stacklevel=2)

    def heartbeat(self) -> None:
        """See `Host.heartbeat`: nobody asks a tried task to stop."""

    def render(self, value: Any, context: Mapping[str, Any]) -> Any:
        """See `Host.render`."""
        return Renderer(context["dag"], context, (), pull_argument).render(value)

    def xcom_push(self, key: str, value: Any) -> None:
        """See `Host.xcom_push`."""
        self.keep([results.xcom(key, value, self._task_id)])

    def xcom_pull(
        self,
        task_ids: str | Sequence[str] | None = None,
        *,
        key: str | None = XCOM_RETURN_KEY,
        map_indexes: int | Sequence[int] | None = None,
        run_id: str | None = None,
        dag_id: str | None = None,
        default: Any = None,
    ) -> Any:
        """See `Host.xcom_pull`; other runs and DAGs have pushed nothing."""
        if run_id is not None or dag_id is not None:
            return default
        if task_ids is None:
            return self.pushed.get(next(reversed(self.pushed), "") if key is None else key, default)
        if isinstance(task_ids, str):
            return self._of(task_ids, key, map_indexes, default)
        return [self._of(task_id, key, map_indexes, default) for task_id in task_ids]

    def _of(self, task_id: str, key: str | None, map_indexes: int | Sequence[int] | None, default: Any) -> Any:
        xcoms = self._given.xcoms
        name: Any = (task_id, key)
        if key is None:  # a task's result is what it pushes last
            keyed = [each for each in xcoms if isinstance(each, tuple) and each[0] == task_id]
            name = task_id if task_id in xcoms else next(reversed(keyed), name)
        elif key == XCOM_RETURN_KEY and task_id in xcoms:
            name = task_id
        value = xcoms.get(name, default)
        if map_indexes is None or value is default:
            return value
        if isinstance(map_indexes, int):
            return value[map_indexes] if map_indexes >= 0 else value
        return [value[index] for index in map_indexes]
