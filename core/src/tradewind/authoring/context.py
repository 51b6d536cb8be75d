"""The context: the template variables of a try, built from plain values by the process that runs it.

The contract with execution, in the order of a try::

    dags = load_dags(path, module_name)                    # authoring.loading
    task = dags[dag_id].get_task(task_id)
    context = build_context(task, dag_run={...}, ti={...})  # plain JSON values, see build_context
    with host.bind(...), running_in(context):
        operator = prepare(task, context)                   # authoring.preparation: unmaps, pulls, renders
        result = operator.execute(context)

- The host bound around it answers ``xcom_pull``, ``xcom_push``, ``variable`` and ``connection``.
- ``result`` is for the caller to push under ``return_value`` if ``operator.do_xcom_push``; with
  ``operator.multiple_outputs`` and a dict, also key by key.
- A branch and a short circuit do not raise: they call ``context["ti"].skip_downstream(task_ids)``, and the caller
  reports ``context["ti"].skipped_task_ids`` with the outcome. Those ids, direct downstream or farther, end as skipped
  whatever their trigger rules; tasks after them follow their rules.
- ``TradewindSkipException`` ends the task as skipped, ``TradewindRescheduleException`` runs it again at its
  ``reschedule_date``, ``TradewindFailException`` and ``TradewindSensorTimeout`` fail it without a retry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.task_node import TaskNode
from tradewind_plugins.variable import Variable

from tradewind.authoring import macros
from tradewind.authoring.other_runs import AT_HAND, VARIABLES, OtherRuns
from tradewind.authoring.params import as_params, resolve_params
from tradewind.authoring.views import DagRunView, TaskInstanceView

DAY = timedelta(days=1)
_NO_DEFAULT = object()
_offered: dict[str, Any] = {}
_running: ContextVar[dict[str, Any] | None] = ContextVar("tradewind_context", default=None)


class _Variables:
    """``var.value.name`` and ``var.json.name`` in templates; ``.get(name, default)`` for names that may be missing."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def get(self, name: str, default: Any = _NO_DEFAULT) -> Any:
        """Return the variable, or ``default``; raises ``KeyError`` if there is neither."""
        if default is _NO_DEFAULT:
            return Variable.get(name, deserialize_json=self._as_json)
        return Variable.get(name, default_var=default, deserialize_json=self._as_json)


class _Connections:
    """``conn.name.host`` in templates; ``conn.get(name, default)`` for connections that may be missing."""

    def __getattr__(self, name: str) -> Connection:
        if name.startswith("__"):
            raise AttributeError(name)
        return Connection.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the connection, or ``default``."""
        try:
            return Connection.get(name)
        except TradewindException:
            return default


_CONNECTIONS = _Connections()
_VARIABLES = {"value": _Variables(as_json=False), "json": _Variables(as_json=True)}


class Context(dict[str, Any]):
    """A context in which some variables are found out when somebody asks for them.

    Args:
        values: the variables that are there.
        others: finds out the rest.
    """

    def __init__(self, values: Mapping[str, Any], others: OtherRuns) -> None:
        super().__init__(values)
        self._others = others

    def __missing__(self, name: str) -> Any:
        if not self._others.knows(name):
            raise KeyError(name)
        self[name] = value = self._others.find_out(name)
        return value

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and self._others.knows(name))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a variable, ``default`` where there is none."""
        try:
            return self[name]
        except KeyError:
            return default

    def names(self) -> set[str]:
        """Return the names of all variables."""
        return {*self, *filter(self._others.knows, VARIABLES)}

    def filled(self) -> dict[str, Any]:
        """Return all variables but those that the database has to be asked for."""
        return {**self, **{name: self[name] for name in AT_HAND if self._others.knows(name)}}


def build_context(task: TaskNode, *, dag_run: Mapping[str, Any], ti: Mapping[str, Any] | None = None) -> Context:
    """Return the context of a try of ``task``.

    Args:
        task: the task, as its DAG has it (an operator, or a mapped task).
        dag_run: ``run_id``, ``run_type``, ``logical_date``, ``data_interval_start``, ``data_interval_end``,
            ``start_date`` (moments as datetimes or ISO texts), ``conf`` (a dict), and ``conf_overrides_params``: whether that
            gives values of params; only ``run_id`` is a must.
        ti: ``map_index`` (-1 for a task that is not mapped), ``try_number``, ``max_tries``, ``hostname``,
            ``start_date``, and ``waiting_since``: the first look of a sensor's try, if this is not it.

    Raises:
        ParamValidationError: the run's params do not fit their schemas.
    """
    dag: Any = task.dag
    run = DagRunView(dag.dag_id, dag_run)
    instance = TaskInstanceView(task, run, ti or {})
    context: dict[str, Any] = {
        "conn": _CONNECTIONS,
        "dag": dag,
        "dag_run": run,
        "data_interval_end": run.data_interval_end,
        "data_interval_start": run.data_interval_start,
        "inlets": list(task.inlets),
        "macros": macros,
        "map_index_template": task.map_index_template,
        "outlets": list(task.outlets),
        "params": resolve_params(
            {**dag.params, **as_params(task.params)}, run.conf, overrides=dag_run.get("conf_overrides_params", True)
        ),
        "run_id": run.run_id,
        "run_type": run.run_type,
        "task": task,
        "task_instance": instance,
        "templates_dict": None,
        "test_mode": False,
        "ti": instance,
        "try_number": instance.try_number,
        "var": dict(_VARIABLES),
    }
    context.update(_dates(run, task))
    context.update(_offered)
    whole = Context(context, OtherRuns(dag, run, task))
    instance.template_context = whole
    return whole


def offer(name: str, value: Any) -> None:
    """Have ``value`` in every context of this process from now on, under ``name``."""
    _offered[name] = value


def withdraw(name: str) -> None:
    """Undo :func:`offer`."""
    _offered.pop(name, None)


def _dates(run: DagRunView, task: TaskNode) -> dict[str, Any]:
    moment = run.logical_date
    if moment is None:
        return {}
    # Of plain dates: pendulum's own texts are written in Python, and every try begins with these
    today = date(moment.year, moment.month, moment.day)
    ds, yesterday, tomorrow = (each.isoformat() for each in (today, today - DAY, today + DAY))
    ds_nodash, ts = _nodash(ds), moment.isoformat()
    return {
        "ds": ds,
        "ds_nodash": ds_nodash,
        "execution_date": moment,
        "logical_date": moment,
        "task_instance_key_str": f"{run.dag_id}__{task.task_id}__{ds_nodash}",
        "tomorrow_ds": tomorrow,
        "tomorrow_ds_nodash": _nodash(tomorrow),
        "ts": ts,
        "ts_nodash": f"{ds_nodash}T{moment.hour:02}{moment.minute:02}{moment.second:02}",
        "ts_nodash_with_tz": _nodash(ts).replace(":", ""),
        "yesterday_ds": yesterday,
        "yesterday_ds_nodash": _nodash(yesterday),
    }


def _nodash(day: str) -> str:
    return day.replace("-", "")


@contextmanager
def running_in(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make ``context`` the one that :func:`get_current_context` returns inside the block."""
    token = _running.set(context)
    try:
        yield context
    finally:
        _running.reset(token)


def get_current_context() -> dict[str, Any]:
    """Return the context of the task that is running.

    Raises:
        TradewindException: no task is running here, as while a DAG file is imported.
    """
    context = _running.get()
    if context is None:
        raise TradewindException(
            "There is no current context: get_current_context() works inside a running task, "
            "not while the DAG file is imported."
        )
    return context
