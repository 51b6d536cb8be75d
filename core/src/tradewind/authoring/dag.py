"""``DAG``: what a file defines and the scheduler runs."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum
from tradewind_plugins.callbacks import as_callbacks
from tradewind_plugins.exceptions import (
    DuplicateTaskIdFound,
    TaskNotFound,
    TradewindDagCycleException,
    TradewindException,
)
from tradewind_plugins.graph import Frame, GraphBuilder, pop_frame, push_frame
from tradewind_plugins.task_node import TaskNode, as_timedelta, check_id, check_storage_name

from tradewind.authoring.access_control import as_access_control
from tradewind.authoring.dag_arguments import as_catchup, refuse_unknown, with_new_names
from tradewind.authoring.deadlines import deadlines_of
from tradewind.authoring.params import Param, as_params
from tradewind.authoring.registration import register
from tradewind.authoring.task_group import TaskGroup
from tradewind.authoring.topology import topological_order
from tradewind.authoring.views import as_moment
from tradewind.plugins.imports import load
from tradewind.timetables.spec import from_schedule

if TYPE_CHECKING:
    from tradewind.timetables.base import Timetable

_UNSET: Any = object()


class DAG(GraphBuilder):
    """A directed acyclic graph of tasks.

    Args:
        dag_id: its id, unique among all DAG files.
        description: one line for lists.
        schedule: a cron expression, a preset such as ``@daily``, a timedelta, a timetable, or None for runs that are
            only triggered. Left out, it is one day, as in Airflow 2.
        start_date: when its first interval may begin; without one (here or in ``default_args``) it is never scheduled.
        end_date: no run has a later logical date.
        catchup: what becomes of intervals that were missed: ``"all"`` (or True) are made up for, the ``"latest"`` (or False)
            is, or ``"none"``.
        max_active_runs: how many of its runs may be under way at once.
        max_active_tasks: how many of its tasks may run at once.
        default_args: arguments for its tasks; what a task says itself wins.
        params: values of a run, plain or :class:`Param`.
        tags: words to find it by.
        doc_md: documentation, in Markdown; or the path of a ``.md`` file, beside the DAG file or from there.
        dag_display_name: what the UI calls it; None for its id.
        owner_links: a web or mailto address for each owner that has one.
        max_consecutive_failed_dag_runs: after so many failed runs in a row it is paused; 0 for never.
        is_paused_upon_creation: whether it starts paused; None leaves that to the configuration.
        fail_stop: whether the first task that fails stops the run: what has not begun is skipped, teardowns run.
            ``fail_fast`` is Airflow 3's name.
        template_searchpath: more folders for templates, beside that of the DAG file.
        template_undefined, user_defined_macros, user_defined_filters, jinja_environment_kwargs,
        render_template_as_native_obj: how templates are rendered, see ``authoring.templating``.
        on_success_callback, on_failure_callback: called with the context after a run has ended so; a function, a
            notifier, or a list of them.
        sla_miss_callback: called when tasks have missed their ``sla``, with the DAG, two lists as text, and two as such.
        deadline: a ``DeadlineAlert``, or a list: what is called when a run has not succeeded by a moment.
        access_control: what it gives to roles: ``{"analysts": {"can_read"}}``, or by resource,
            ``{"analysts": {"DAGs": {"can_read"}, "DAG Runs": {"can_create"}}}``.
        auto_register: whether leaving ``with`` makes it a DAG of the file; if not, it is one only where a name at module
            level holds it.
        xcom_storage: the name of the storage that tables and large values of its tasks are kept in, one of the setting
            ``plugins.xcom_storages`` or ``default``; None leaves that to the setting ``plugins.xcom_rules``.
        dagrun_timeout: how long a run may take; after that it fails, and what is unfinished in it is skipped.

    Raises ``TradewindException`` for an argument that is unknown, not built yet, or has no sense.
    """

    is_absorbed = False

    def __init__(
        self,
        dag_id: str,
        description: str | None = None,
        schedule: Any = _UNSET,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        *,
        schedule_interval: Any = _UNSET,
        catchup: bool | str = True,
        max_active_runs: int = 16,
        max_active_tasks: int = 16,
        default_args: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        doc_md: str | None = None,
        dag_display_name: str | None = None,
        owner_links: Mapping[str, str] | None = None,
        max_consecutive_failed_dag_runs: int = 0,
        is_paused_upon_creation: bool | None = None,
        fail_stop: bool = False,
        template_searchpath: str | Sequence[str] | None = None,
        template_undefined: type | None = None,
        user_defined_macros: Mapping[str, Any] | None = None,
        user_defined_filters: Mapping[str, Any] | None = None,
        jinja_environment_kwargs: Mapping[str, Any] | None = None,
        render_template_as_native_obj: bool = False,
        on_success_callback: Any = None,
        on_failure_callback: Any = None,
        sla_miss_callback: Any = None,
        dagrun_timeout: timedelta | None = None,
        deadline: Any = None,
        access_control: Mapping[str, Any] | None = None,
        auto_register: bool = True,
        xcom_storage: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.dag_id = check_id(dag_id, "dag_id")
        schedules = {"schedule": schedule, "schedule_interval": schedule_interval}
        given = {**kwargs, **{name: value for name, value in schedules.items() if value is not _UNSET}}
        # Not in a function of its own: the warning is told at the author's line, two frames up
        others = with_new_names(dag_id, given)
        self.schedule: Any = others.pop("schedule", timedelta(days=1))
        max_active_tasks = others.pop("max_active_tasks", max_active_tasks)
        fail_stop = others.pop("fail_fast", None) or fail_stop  # Airflow 3's name
        refuse_unknown(dag_id, others)
        self.default_args = dict(default_args or {})
        self.start_date = self._moment(start_date or self.default_args.get("start_date"), "start_date")
        self.end_date = self._moment(end_date or self.default_args.get("end_date"), "end_date")
        self.timetable: Timetable = from_schedule(self.schedule, self.timezone)
        self.catchup = as_catchup(dag_id, catchup)
        self._take_limits(max_active_runs, max_active_tasks, max_consecutive_failed_dag_runs or 0)
        self.params: dict[str, Param] = as_params({**(self.default_args.get("params") or {}), **(params or {})})
        self.tags = sorted(set(tags or ()))
        self.description, self.dag_display_name = description, dag_display_name or dag_id
        self.owner_links, self.is_paused_upon_creation = self._links(owner_links or {}), is_paused_upon_creation
        self.access_control = as_access_control(dag_id, access_control)
        self.deadline = deadlines_of(deadline, dag_id)
        self.xcom_storage = check_storage_name(xcom_storage, f"DAG {dag_id!r}")
        self.auto_register, self.fail_stop = bool(auto_register), bool(fail_stop)
        self.render_template_as_native_obj = render_template_as_native_obj
        self._take_templates(template_searchpath, template_undefined, jinja_environment_kwargs)
        self._take_names(user_defined_macros or {}, user_defined_filters or {})
        self._take_callbacks(on_success_callback, on_failure_callback, sla_miss_callback, dagrun_timeout)
        self.fileloc = _calling_file()
        self.doc_md = self._read_if_file(doc_md)
        self.task_dict: dict[str, TaskNode] = {}
        self.groups: dict[str, TaskGroup] = {}
        self.edge_labels: dict[tuple[str, str], str] = {}
        self.task_group = TaskGroup(None, dag=self)

    def _take_limits(self, runs: int, tasks: int, failed_runs: int) -> None:
        of_timetable = self.timetable.active_runs_limit
        self.max_active_runs = min(self._limit(runs, "max_active_runs"), of_timetable or sys.maxsize)
        self.max_active_tasks = self._limit(tasks, "max_active_tasks")
        self.max_consecutive_failed_dag_runs = self._limit(failed_runs, "max_consecutive_failed_dag_runs", least=0)

    def _take_names(self, macros: Mapping[str, Any], filters: Mapping[str, Any]) -> None:
        self.user_defined_macros = dict(macros)
        self.user_defined_filters = dict(filters)

    def _take_templates(self, search: Any, undefined: type | None, options: Mapping[str, Any] | None) -> None:
        self.template_searchpath: list[str] = [search] if isinstance(search, str) else list(search or ())
        self.template_undefined = undefined
        self.jinja_environment_kwargs = dict(options or {})

    def _take_callbacks(self, on_success: Any, on_failure: Any, sla_miss: Any, timeout: Any) -> None:
        as_callbacks(on_success, f"DAG {self.dag_id!r}: on_success_callback")
        as_callbacks(on_failure, f"DAG {self.dag_id!r}: on_failure_callback")
        as_callbacks(sla_miss, f"DAG {self.dag_id!r}: sla_miss_callback")
        self.sla_miss_callback = sla_miss
        where = f"DAG {self.dag_id!r}: dagrun_timeout"
        self.dagrun_timeout: timedelta | None = None if timeout is None else as_timedelta(timeout, where)
        self.on_success_callback = on_success
        self.on_failure_callback = on_failure

    def _moment(self, value: Any, name: str) -> pendulum.DateTime | None:
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise TradewindException(
                f"DAG {self.dag_id!r}: {name} must be a datetime, for instance pendulum.datetime(2024, 1, 1), "
                f"not {value!r}."
            )
        return pendulum.instance(value, tz="UTC")

    def _limit(self, value: Any, name: str, least: int = 1) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise TradewindException(
                f"DAG {self.dag_id!r}: {name} must be a whole number above {least - 1}, not {value!r}."
            )
        return value

    def _links(self, links: Mapping[str, str]) -> dict[str, str]:
        for owner, link in links.items():
            if not isinstance(link, str) or not link.startswith(("https://", "http://", "mailto:")):
                raise TradewindException(
                    f"DAG {self.dag_id!r}: owner_links of {owner!r} must be an address that begins with https://, "
                    f"http:// or mailto:, not {link!r}."
                )
        return dict(links)

    def _read_if_file(self, doc_md: str | None) -> str | None:
        """Return documentation; a text that is no path of a file is it already."""
        if doc_md is None or "\n" in doc_md or not doc_md.endswith(".md"):
            return doc_md
        path = Path(self.folder, doc_md)
        return path.read_text(encoding="utf-8") if path.is_file() else doc_md

    @property
    def earliest(self) -> datetime | None:
        """When its first interval may begin: its own start date, or the first one of its tasks."""
        of_tasks = [task.start_date for task in self.tasks if task.start_date is not None]
        return min([*of_tasks, *([self.start_date] if self.start_date is not None else [])], default=None)

    @property
    def timezone(self) -> str:
        """The name of the time zone of the start date, in which a cron expression is read."""
        return (self.start_date.timezone_name if self.start_date is not None else None) or "UTC"

    @property
    def schedule_interval(self) -> Any:
        """The schedule, by its old name."""
        return self.schedule

    @property
    def concurrency(self) -> int:
        """``max_active_tasks``, by its old name."""
        return self.max_active_tasks

    @property
    def owner(self) -> str:
        """The owners of its tasks, sorted."""
        return ", ".join(sorted({task.owner for task in self.tasks}))

    @property
    def task(self) -> Any:
        """``@dag.task``: as ``@task``, for tasks of this DAG without a ``with`` block."""
        # By name, as test() does: the decorator is made of operators, and those know of DAGs
        return functools.partial(
            load("tradewind.authoring.task_decorator:task", f"task of DAG {self.dag_id!r}"), dag=self
        )

    def following_schedule(self, dttm: datetime) -> pendulum.DateTime | None:
        """Return the first moment of the schedule after ``dttm``; None where there is none."""
        moment = pendulum.instance(dttm, tz="UTC")
        found = self.timetable.next_run(after=moment, earliest=moment, latest=None, catchup=True, now=moment)
        return None if found is None else as_moment(found.data_interval_end)

    @property
    def folder(self) -> str:
        """The folder of the DAG's file, to which template files are relative."""
        return str(Path(self.fileloc).parent)

    @property
    def tasks(self) -> list[TaskNode]:
        """All tasks, in the order they were made."""
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        """The ids of all tasks, in the order they were made."""
        return list(self.task_dict)

    @property
    def roots(self) -> list[TaskNode]:
        """The tasks without upstream."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[TaskNode]:
        """The tasks without downstream."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    def add_task(self, task: TaskNode) -> None:
        """Take in ``task``.

        Raises:
            DuplicateTaskIdFound: its id is taken by another task or by a group.
        """
        if self.task_dict.get(task.task_id) is task:
            return
        self.check_free(task.task_id)
        self.task_dict[task.task_id] = task

    def add_group(self, group: TaskGroup) -> None:
        """Take in ``group``.

        Raises:
            DuplicateTaskIdFound: its id is taken by another group or by a task.
        """
        if group.group_id is None:
            raise TradewindException(f"DAG {self.dag_id!r} has its root group already; give the group an id.")
        self.check_free(group.group_id)
        self.groups[group.group_id] = group

    def check_free(self, full_id: str) -> None:
        """Raise ``DuplicateTaskIdFound`` where there is a task or a group of that id."""
        if self.has_task(full_id):
            kind = "task" if full_id in self.task_dict else "task group"
            raise DuplicateTaskIdFound(f"DAG {self.dag_id!r} has a {kind} {full_id!r} already; ids are unique.")

    def has_task(self, task_id: str) -> bool:
        """Tell whether there is a task or a group of that id."""
        return task_id in self.task_dict or task_id in self.groups

    def get_task(self, task_id: str) -> TaskNode:
        """Return the task of that id.

        Raises:
            TaskNotFound: there is none.
        """
        task = self.task_dict.get(task_id)
        if task is None:
            raise TaskNotFound(f"DAG {self.dag_id!r} has no task {task_id!r}.")
        return task

    def set_edge_label(self, upstream_id: str, downstream_id: str, label: str) -> None:
        """Write ``label`` on the edge between two tasks."""
        self.edge_labels[upstream_id, downstream_id] = label

    def root(self) -> TaskGroup:
        """Return the group that holds everything in this DAG."""
        return self.task_group

    def topological_sort(self) -> list[TaskNode]:
        """Return all tasks, each after its upstream; among equals in the order of their ids.

        Raises:
            TradewindDagCycleException: the tasks depend on each other in a circle.
        """
        edges = {task.task_id: task.downstream_task_ids for task in self.tasks}
        order, circle = topological_order(edges)
        if circle:
            raise TradewindDagCycleException(
                f"DAG {self.dag_id!r}: its tasks depend on each other in a circle: {' >> '.join(circle)}."
            )
        return [self.task_dict[task_id] for task_id in order]

    def test(
        self,
        execution_date: datetime | str | None = None,
        run_conf: Mapping[str, Any] | None = None,
        *,
        logical_date: datetime | str | None = None,
        mark_success_pattern: str | None = None,
    ) -> Any:
        """Run the DAG in this process, for a debugger: as `tradewind dags test`, with the DAG as it is now.

        Args:
            execution_date, logical_date: the run's logical date (two names of one thing), now by default.
            run_conf: the run's conf; those named as params are checked.
            mark_success_pattern: a regular expression; tasks whose id begins so succeed without being executed.

        Returns:
            the run, whose ``state`` and ``tasks`` tell how it ended.
        """
        # By name, as a plugin's class: authoring knows nothing of what runs DAGs
        run = load("tradewind.cli.dags.rehearsing:test_dag", f"test() of DAG {self.dag_id!r}")
        moment = as_moment(logical_date or execution_date)
        return run(self, logical_date=moment, conf=dict(run_conf or {}), mark_success=mark_success_pattern)

    def __enter__(self) -> DAG:
        push_frame(Frame(self, self.task_group))
        return self

    def __exit__(self, error_type: type[BaseException] | None, *error: object) -> None:
        pop_frame()
        if error_type is None and self.auto_register:
            register(self)

    def __rshift__(self, other: object) -> Any:
        raise TradewindException(
            f"DAG {self.dag_id!r} is no end of an edge: >> and << join tasks of one DAG. Put "
            "the tasks of both into one DAG, each in a task group, and join the groups."
        )

    __lshift__ = __rrshift__ = __rlshift__ = __rshift__

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"


def _calling_file() -> str:
    """Return the file whose code constructs the DAG, looking past Tradewind's own frames."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to the caller; inspect.stack reads every source file
    own = str(Path(__file__).parent)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        frame = frame.f_back
    return frame.f_code.co_filename
