"""The host of tests, in memory: connections, variables and XComs are what the test gives, and it can run a task."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import (
    TaskDeferralTimeout,
    TaskDeferred,
    TradewindException,
    TradewindFailException,
    TradewindNotFoundException,
    TradewindRescheduleException,
    TradewindSkipException,
)
from tradewind_plugins.host import XCOM_RETURN_KEY, Host

from tradewind_testing import installed
from tradewind_testing.rendering import Renderer

if TYPE_CHECKING:
    from pathlib import Path

    from tradewind_plugins.connection import Connection
    from tradewind_plugins.hook import BaseHook
    from tradewind_plugins.operator import BaseOperator

__all__ = ["KitHost", "RunningTask"]

_MOST_LOOKS = 10_000
_log = logging.getLogger("tradewind.task")


class RunningTask:
    """What stands as `ti` in a context: the task instance, as far as templates and operators look at it.

    Arguments:
        host: keeps its XComs.
        task: what runs.
        logical_date: of its run.
    """

    def __init__(self, host: KitHost, task: BaseOperator, logical_date: datetime) -> None:
        self.task = task
        self.task_id = task.task_id
        self.dag_id = "kit"
        self.run_id = f"manual__{logical_date.isoformat()}"
        self.execution_date = logical_date
        self.try_number = 1
        self.max_tries = task.retries
        self.map_index = -1
        self.start_date = datetime.now(timezone.utc)
        self.waiting_since = self.start_date
        self._host = host

    def xcom_push(self, key: str, value: Any) -> None:
        """See `Host.xcom_push`."""
        self._host.xcom_push(key, value)

    def xcom_pull(self, task_ids: Any = None, **how: Any) -> Any:
        """See `Host.xcom_pull`."""
        return self._host.xcom_pull(task_ids, **how)


class KitHost(Host):
    """A host in memory, which keeps all that code tells it, for tests to look at.

    Arguments:
        folder: where template files are looked for; None: there are none.
    """

    name = "memory"
    can_defer = True
    """Whether a task may give its place up to a trigger here."""
    can_mask = True
    """Whether this host hides secrets in logs."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.connections: dict[str, Connection] = {}
        self.variables: dict[str, str] = {}
        self.pushed: dict[str, Any] = {}
        self.of_others: dict[tuple[str, str], Any] = {}
        self.settings_by_name: dict[tuple[str, str], str] = {}
        self.masked: set[str] = set()
        self.lines: list[tuple[int, str]] = []
        self.beats = 0

    def add_connection(self, connection: Connection) -> Connection:
        """Let a connection be found, in the place of one of the same id, and return it."""
        self.connections[connection.conn_id] = connection
        return connection

    def close(self) -> None:
        """Called when the test is over."""

    def connection(self, conn_id: str) -> Connection:
        """See `Host.connection`."""
        if conn_id not in self.connections:
            given = ", ".join(sorted(self.connections)) or "none"
            raise TradewindNotFoundException(f"Connection {conn_id!r} is not given in this test (given: {given}).")
        return self.connections[conn_id]

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """See `Host.hook_class`: of what is installed."""
        for _, module in installed.entry_points("tradewind"):
            declared: Any = getattr(installed.load(module), "tradewind_connection_types", tuple)()
            for each in declared:
                if each.name == conn_type:
                    found: type[BaseHook] = installed.load(each.path)
                    return found
        raise TradewindException(f"no installed provider has the connection type {conn_type!r}")

    def variable(self, key: str) -> str | None:
        """See `Host.variable`."""
        return self.variables.get(key)

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """See `Host.set_variable`."""
        self.variables[key] = value

    def xcom_push(self, key: str, value: Any) -> None:
        """See `Host.xcom_push`. What is no JSON is refused, as everywhere."""
        self.pushed[key] = self.stored(value)

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
        """See `Host.xcom_pull`: of other tasks what the test has put into `of_others`, by (task id, key)."""
        named = XCOM_RETURN_KEY if key is None else key
        if task_ids is None:
            return self.pushed.get(named, default)
        if isinstance(task_ids, str):
            return self.of_others.get((task_ids, named), default)
        return [self.of_others.get((each, named), default) for each in task_ids]

    def settings(self, section: str, key: str) -> str | None:
        """See `Host.settings`: what the test has put into `settings_by_name`."""
        return self.settings_by_name.get((section, key))

    def mask(self, secret: str) -> None:
        """See `Host.mask`."""
        self.masked.add(secret)

    def render(self, value: Any, context: Mapping[str, Any]) -> Any:
        """See `Host.render`."""
        return Renderer(context, (), self.folder).render(value)

    def log(self, level: int, message: str) -> None:
        """See `Host.log`."""
        self.lines.append((level, message))
        _log.log(level, "%s", message)

    def heartbeat(self) -> None:
        """See `Host.heartbeat`: nobody asks a test's task to stop."""
        self.beats += 1

    def context(self, task: BaseOperator, **given: Any) -> dict[str, Any]:
        """Return the context that a task would see in a run of 2021-01-01; `given` adds to it."""
        date: datetime = given.pop("logical_date", datetime(2021, 1, 1, tzinfo=timezone.utc))
        ti = RunningTask(self, task, date)
        return {
            "task": task,
            "ti": ti,
            "task_instance": ti,
            "run_id": ti.run_id,
            "params": dict(getattr(task, "params", None) or {}),
            "logical_date": date,
            "execution_date": date,
            "data_interval_start": date,
            "data_interval_end": date + timedelta(days=1),
            "ds": date.strftime("%Y-%m-%d"),
            "ds_nodash": date.strftime("%Y%m%d"),
            "ts": date.isoformat(),
            "ts_nodash": date.strftime("%Y%m%dT%H%M%S"),
            **given,
        }

    def run(self, task: BaseOperator, **context: Any) -> Any:
        """Run a task to its end and return its result: rendered, executed, deferred and rescheduled as often as it asks.

        Arguments:
            task: an operator; it is rendered in place, as a running task is.
            context: variables beside those that every run has.

        Raises:
            Exception: whatever the task raises.
        """
        prepared, whole = self.prepared(task, context)
        with self.running(whole):
            result = self._followed(prepared, whole)
        return None if result is None else self.stored(result)

    def prepared(self, task: BaseOperator, given: Mapping[str, Any]) -> tuple[BaseOperator, dict[str, Any]]:
        """Return a task with its templates filled in, and its context."""
        whole = self.context(task, **given)
        renderer = Renderer(whole, tuple(task.template_ext), self.folder)
        for name in task.template_fields:
            setattr(task, name, renderer.render_field(getattr(task, name)))
        return task, whole

    def stored(self, value: Any) -> Any:
        """Return a value as it comes back from where XComs are kept.

        Raises:
            TypeError: it has no place there.
        """
        return _as_stored(value)

    def run_once(self, task: BaseOperator, **context: Any) -> Any:
        """Execute a task once, unrendered, and let out also what asks for more: a deferral, a reschedule."""
        whole = self.context(task, **context)
        with self.running(whole):
            return task.execute(whole)

    @contextmanager
    def running(self, context: dict[str, Any]) -> Iterator[None]:
        """Surround the execution of a task."""
        yield

    def _followed(self, task: BaseOperator, context: Mapping[str, Any]) -> Any:
        method: Any = task.execute
        arguments: dict[str, Any] = {}
        for _ in range(_MOST_LOOKS):
            try:
                return method(context, **arguments)
            except TradewindRescheduleException:
                method, arguments = task.execute, {}
            except TaskDeferred as deferred:
                event = self.first_event(deferred)
                _end_with(event, self)
                method = getattr(task, deferred.method_name)
                arguments = {**deferred.kwargs, "event": event.payload}
        raise AssertionError(f"{task.task_id} asked to be called again {_MOST_LOOKS} times")

    def first_event(self, deferred: TaskDeferred) -> Any:
        """Return the first event of the trigger of a deferral, made again from what it serializes, as a triggerer does."""
        path, kwargs = deferred.trigger.serialize()
        trigger = installed.load(path)(**self.stored(kwargs))
        seconds = None if deferred.timeout is None else deferred.timeout.total_seconds()
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(asyncio.wait_for(_first(trigger), seconds))
        except asyncio.TimeoutError:
            raise TaskDeferralTimeout(f"{path} did not fire within {seconds:g} s") from None
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


async def _first(trigger: Any) -> Any:
    try:
        async for event in trigger.run():
            return event
    finally:
        await trigger.cleanup()
    raise AssertionError(f"{trigger!r} ended without an event")


def _end_with(event: Any, host: KitHost) -> None:
    """End the task where the trigger's event says how."""
    state = getattr(event, "task_state", None)
    if state is None:
        return
    for key, value in event.xcoms.items():
        host.xcom_push(key, value)
    if state == "failed":
        raise TradewindFailException("the trigger has ended the task as failed")
    if state == "skipped":
        raise TradewindSkipException("the trigger has ended the task as skipped")


def _as_stored(value: Any) -> Any:
    """Return a value as it comes back from where XComs are kept; what has no place there is a TypeError."""
    return json.loads(json.dumps(value, default=_moment), object_hook=_value)


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"__kit_moment__": value.strftime("%Y-%m-%dT%H:%M:%S.%f"), "offset": _offset(value)}
    if isinstance(value, timedelta):
        return {"__kit_seconds__": value.total_seconds()}
    if isinstance(value, (set, frozenset)):
        return {"__kit_set__": sorted(value)}
    raise TypeError(f"{value!r} cannot be stored: an XCom and a trigger's argument are JSON, moments or durations")


def _offset(value: datetime) -> float | None:
    offset = value.utcoffset()
    return None if offset is None else offset.total_seconds()


def _value(read: dict[str, Any]) -> Any:
    if "__kit_moment__" in read:
        zone = None if read["offset"] is None else timezone(timedelta(seconds=read["offset"]))
        return datetime.strptime(read["__kit_moment__"], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=zone)
    if "__kit_seconds__" in read:
        return timedelta(seconds=read["__kit_seconds__"])
    if "__kit_set__" in read:
        return set(read["__kit_set__"])
    return read
