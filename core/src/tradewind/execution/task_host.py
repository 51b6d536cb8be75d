"""What the hosts of a running try have in common, whatever carries their questions."""

from __future__ import annotations

import dataclasses
import json
import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import XCOM_RETURN_KEY, Host
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.preparation import pull_argument
from tradewind.authoring.templating import Renderer
from tradewind.execution import results
from tradewind.execution.instants import EPOCH, MICROSECOND, moment
from tradewind.execution.messages import (
    Beat,
    GetConnection,
    GetSetting,
    GetVariable,
    LastSuccess,
    LookAtRuns,
    Maintain,
    Mask,
    Message,
    PullXCom,
    PushXCom,
    ReadAssetEvents,
    ReadTable,
    Reply,
    Request,
    SetVariable,
    Start,
    TriggerRun,
)
from tradewind.plugins.current import hook_class
from tradewind.transitions.values import XComValue

MOMENTS = ("logical_date", "data_interval_start", "data_interval_end", "start_date")


class TaskHost(Host):
    """A host that asks by messages. Arguments: `start`, the try that runs here."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.xcom_storage: str | None = None

    def choose_storage(self, task: TaskNode) -> None:
        """Take in where a task, or else its DAG, wants its large values and tables to be kept.

        Raises:
            UnknownStorageError: nothing of that name is configured where they would be stored.
        """
        self.xcom_storage = task.xcom_storage or getattr(task.dag, "xcom_storage", None)

    @abstractmethod
    def tell(self, item: Message) -> None:
        """Send a message that has no answer."""

    @abstractmethod
    def ask(self, request: Request) -> Reply:
        """Send a request and return its answer."""

    def written(self, key: str, value: Any) -> XComValue:
        """Return a value as a message carries it; a large one, or a table, may go another way.

        Raises:
            SerializationError: it has no form in which it could be stored.
        """
        return dataclasses.replace(results.xcom(key, value, self.start.task_id), wanted=self.xcom_storage)

    def take(self, text: str | None, reference: str | None) -> str | bytes:
        """Return what was written of a value that an answer brought, or that it refers to."""
        if text is None:
            raise TradewindException(f"the value {reference!r} cannot be had here")
        return text

    def _value(self, request: Request) -> Any:
        reply = self.ask(request)
        if reply.error is not None:
            raise (TradewindNotFoundException if reply.missing else TradewindException)(reply.error)
        return reply.value

    def connection(self, conn_id: str) -> Connection:
        """See `Host.connection`."""
        return Connection(**self._value(GetConnection(conn_id)))

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """See `Host.hook_class`."""
        return hook_class(conn_type)

    def variable(self, key: str) -> str | None:
        """See `Host.variable`."""
        value: str | None = self._value(GetVariable(key))
        return value

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """See `Host.set_variable`."""
        self._value(SetVariable(key, value, description))

    def read_table(
        self,
        table: str,
        equal: Mapping[str, Sequence[Any]],
        between: Mapping[str, Sequence[int | None]],
        after: Sequence[Any] | None = None,
        without: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """See `Host.read_table`."""
        values = {name: list(each) for name, each in equal.items()}
        bounds = {name: list(each) for name, each in between.items()}
        last = None if after is None else list(after)
        page: dict[str, Any] = self._value(ReadTable(table, values, bounds, last, list(without)))
        for row in page["rows"] if table == "xcom" else ():
            reference = row.pop("storage")
            if reference is not None:
                row["value"] = self.take(None, reference)
        return page

    def asset_events(self, of: str, name: str, after: int = 0) -> Mapping[str, Any]:
        """See `Host.asset_events`."""
        page: dict[str, Any] = self._value(ReadAssetEvents(of, name, after)) or {"rows": [], "total": 0}
        for row in page["rows"]:
            row["at"] = moment(row["at"])
            row["extra"] = results.load(row["extra"])
            if row["run"] is not None:
                row["run"] = {name: moment(value) if name in MOMENTS else value for name, value in row["run"].items()}
        return page

    def last_success(self, dag_id: str, *, before: datetime) -> Mapping[str, Any] | None:
        """See `Host.last_success`."""
        found = self._value(LastSuccess(dag_id, _microseconds(before)))
        return None if found is None else {k: v if k == "run_id" else moment(v) for k, v in found.items()}

    def trigger_run(
        self, dag_id: str, *, run_id: str | None, logical_date: datetime, conf: Mapping[str, Any], reset: bool = False
    ) -> Mapping[str, Any]:
        """See `Host.trigger_run`."""
        try:
            text = json.dumps(conf, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TradewindException(
                f"The conf of a run of DAG {dag_id!r} cannot be written as JSON: {error}."
            ) from error
        made: dict[str, Any] = self._value(TriggerRun(dag_id, run_id, _microseconds(logical_date), text, reset))
        return {**made, "logical_date": moment(made["logical_date"])}

    def look_at_runs(
        self,
        dag_id: str,
        logical_dates: Sequence[datetime],
        *,
        task_ids: Sequence[str] | None = None,
        group_id: str | None = None,
        checks: bool = False,
    ) -> Sequence[Sequence[Any]]:
        """See `Host.look_at_runs`."""
        dates = [_microseconds(each) for each in logical_dates]
        tasks = None if task_ids is None else list(task_ids)
        rows = self._value(LookAtRuns(dag_id, dates, tasks, group_id, checks))
        return [(moment(date), *rest) for date, *rest in rows]

    def maintain(
        self,
        kind: str,
        *,
        most: int,
        dry_run: bool,
        after: str = "",
        dag_id: str | None = None,
        keep_days: float | None = None,
        keep_runs: int | None = None,
    ) -> Mapping[str, Any]:
        """See `Host.maintain`."""
        done: dict[str, Any] = self._value(Maintain(kind, most, dry_run, after, dag_id, keep_days, keep_runs))
        return done

    def settings(self, section: str, key: str) -> str | None:
        """See `Host.settings`."""
        value: str | None = self._value(GetSetting(section, key))
        return value

    def mask(self, secret: str) -> None:
        """See `Host.mask`."""
        if secret:
            self.tell(Mask([secret]))

    def log(self, level: int, message: str) -> None:
        """See `Host.log`."""
        logging.getLogger("tradewind.task").log(level, "%s", message, stacklevel=2)

    def heartbeat(self) -> None:
        """See `Host.heartbeat`."""
        self._value(Beat())

    def render(self, value: Any, context: Mapping[str, Any]) -> Any:
        """See `Host.render`."""
        return Renderer(context["dag"], context, (), pull_argument).render(value)

    def xcom_push(self, key: str, value: Any) -> None:
        """See `Host.xcom_push`."""
        pushed = self.written(key, value)
        self._value(PushXCom(*(getattr(pushed, each.name) for each in dataclasses.fields(pushed))))

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
        """See `Host.xcom_pull`."""
        own = task_ids is None
        wanted = _as_list(self.start.task_id if task_ids is None else task_ids)
        indexes = [map_indexes] if isinstance(map_indexes, int) else map_indexes
        if own and indexes is None:
            indexes = [self.start.map_index]
        rows = self._value(PullXCom(wanted, key, None if indexes is None else list(indexes), dag_id, run_id))
        found: dict[str, list[tuple[int, Any]]] = {}
        for task_id, index, text, reference in rows:
            found.setdefault(task_id, []).append((index, results.load(self.take(text, reference))))
        is_single = own or isinstance(map_indexes, int)
        pulled = [_of_task(found.get(task_id, []), default, is_single=is_single) for task_id in wanted]
        return pulled[0] if own or isinstance(task_ids, str) else pulled


def _microseconds(value: datetime) -> int:
    """Return a moment as messages carry it; without a time zone it is in UTC."""
    plain = datetime.fromisoformat(value.isoformat())  # pendulum's reckon with durations of their own
    aware = plain if plain.tzinfo is not None else plain.replace(tzinfo=timezone.utc)
    return (aware - EPOCH) // MICROSECOND


def _as_list(task_ids: str | Sequence[str]) -> list[str]:
    return [task_ids] if isinstance(task_ids, str) else list(task_ids)


def _of_task(rows: list[tuple[int, Any]], default: Any, *, is_single: bool) -> Any:
    """Return what one task pushed: a value, or the list of a mapped task's values."""
    if not rows:
        return default
    if len(rows) == 1 and (is_single or rows[0][0] < 0):
        return rows[0][1]
    return [value for _index, value in rows]
