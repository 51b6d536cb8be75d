"""A task as a node of a DAG: its identity, its place, its edges, and the arguments that every task has.

Shared by operators and by mapped tasks, which are not operators yet when the DAG is built.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tradewind_plugins.assets import assets_of
from tradewind_plugins.callbacks import TASK_CALLBACKS as _CALLBACKS
from tradewind_plugins.callbacks import as_callbacks
from tradewind_plugins.edges import EdgeNode, as_nodes
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.graph import current_frame
from tradewind_plugins.scopes import Scope, note_in_scope
from tradewind_plugins.trigger_rule import TriggerRule
from tradewind_plugins.xcom_arg import XComArg, iter_xcom_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradewind_plugins.graph import Frame, GraphBuilder, GroupBuilder

_ID = re.compile(r"[A-Za-z0-9_.\-]{1,250}\Z")
_WEIGHT_RULES = ("downstream", "upstream", "absolute")
_ISOLATIONS = (None, "fork", "fresh")
_TEXTS = ("doc", "doc_json", "doc_rst", "doc_yaml", "logger_name", "map_index_template")
_HOOKS = (("pre_execute", "_pre_execute_hook"), ("post_execute", "_post_execute_hook"))

TASK_ARGUMENTS = (
    "owner",
    "retries",
    "retry_delay",
    "retry_exponential_backoff",
    "max_retry_delay",
    "execution_timeout",
    "pool",
    "pool_slots",
    "priority_weight",
    "weight_rule",
    "queue",
    "executor",
    "isolation",
    "trigger_rule",
    "depends_on_past",
    "wait_for_downstream",
    "ignore_first_depends_on_past",
    "wait_for_past_depends_before_skipping",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "task_concurrency",
    "params",
    "do_xcom_push",
    "xcom_storage",
    "multiple_outputs",
    "doc_md",
    "doc",
    "doc_json",
    "doc_rst",
    "doc_yaml",
    "task_display_name",
    "map_index_template",
    "executor_config",
    "logger_name",
    "start_date",
    "end_date",
    "pre_execute",
    "post_execute",
    "inlets",
    "outlets",
    *_CALLBACKS,
    "sla",
    "email",
    "email_on_failure",
    "email_on_retry",
)


def check_id(value: Any, what: str) -> str:
    """Return ``value`` if it can be an id; raises ``TradewindException`` that says what ``what`` may consist of."""
    if not isinstance(value, str) or not _ID.match(value):
        raise TradewindException(
            f"{what} {value!r} is not an id: use 1 to 250 letters, digits, dots, dashes and underscores."
        )
    return value


def check_storage_name(value: Any, where: str) -> str | None:
    """Return what ``xcom_storage=`` says if it can be a name; which names there are is a setting of the installation."""
    if value is not None and not (isinstance(value, str) and value):
        raise TradewindException(
            f"{where}: xcom_storage is the name of an XCom storage, such as 'default', not {value!r}."
        )
    return value


def as_timedelta(value: Any, where: str) -> timedelta:
    """Return a duration given as a ``timedelta`` or as a number of seconds."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TradewindException(f"{where} must be a timedelta or a number of seconds, not {value!r}.")


def frame_for(dag: GraphBuilder | None, task_group: GroupBuilder | None) -> Frame:
    """Return where a new task belongs: as its arguments say, else where the code stands."""
    frame = current_frame()
    if task_group is not None:
        return type(frame)(task_group.builder() or dag or frame.dag, task_group)
    if dag is not None and dag is not frame.dag:
        return type(frame)(dag, dag.root())
    return frame


class TaskNode(EdgeNode):
    """The part of a task that the DAG sees. Providers derive from ``BaseOperator``, never from this."""

    task_id: str
    owner: str
    retries: int
    retry_delay: timedelta
    retry_exponential_backoff: bool
    max_retry_delay: timedelta | None
    execution_timeout: timedelta | None
    pool: str
    pool_slots: int
    priority_weight: int
    weight_rule: str
    queue: str | None
    executor: str | None
    isolation: str | None
    trigger_rule: TriggerRule
    depends_on_past: bool
    wait_for_downstream: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    params: Mapping[str, Any]
    do_xcom_push: bool
    multiple_outputs: bool
    doc_md: str | None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    # Few tasks say something of these: what is not said is not stored with each task of a file of thousands
    doc: str | None = None
    doc_json: str | None = None
    doc_rst: str | None = None
    doc_yaml: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    executor_config: Mapping[str, Any] = {}
    logger_name: str | None = None
    xcom_storage: str | None = None
    map_index_template: str | None = None
    _task_display_name: str | None = None
    _pre_execute_hook: Callable[[Any], Any] | None = None
    _post_execute_hook: Callable[[Any, Any], Any] | None = None
    inlets: tuple[Any, ...] = ()
    outlets: tuple[Any, ...] = ()
    on_execute_callback: Any = None
    on_failure_callback: Any = None
    on_retry_callback: Any = None
    on_skipped_callback: Any = None
    on_success_callback: Any = None
    sla: timedelta | None = None
    email: Any = None
    email_on_failure: bool = True
    email_on_retry: bool = True

    def place(self, label: str, dag: GraphBuilder | None, task_group: GroupBuilder | None) -> None:
        """Take the task's id and its place in the graph."""
        frame = frame_for(dag, task_group)
        check_id(label, "task_id")
        self.label = label
        self.task_id = label if frame.group is None else frame.group.child_id(label)
        self.dag: GraphBuilder | None = None
        self.task_group = frame.group
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()
        if frame.dag is not None:
            self.join(frame.dag)

    def join(self, dag: GraphBuilder) -> None:
        """Become a task of ``dag``."""
        if self.task_group is None:
            self.task_group = dag.root()
        dag.add_task(self)
        self.dag = dag
        self.task_group.add_child(self)
        note_in_scope(self, dag)

    def take_arguments(self, arguments: Mapping[str, Any]) -> None:
        """Check and keep the arguments that every task has; ``arguments`` holds all of ``TASK_ARGUMENTS``."""
        where = f"Task {self.task_id!r}"
        self.owner = arguments["owner"]
        self.retries = _whole_number(arguments["retries"] or 0, 0, where, "retries")
        self.retry_delay = as_timedelta(arguments["retry_delay"], f"{where}: retry_delay")
        self.retry_exponential_backoff = bool(arguments["retry_exponential_backoff"])
        self.max_retry_delay = _timedelta_or_none(arguments, "max_retry_delay", where)
        self.execution_timeout = _timedelta_or_none(arguments, "execution_timeout", where)
        self.pool = arguments["pool"] or "default_pool"
        self.pool_slots = _whole_number(arguments["pool_slots"], 1, where, "pool_slots")
        self.priority_weight = _whole_number(arguments["priority_weight"], None, where, "priority_weight")
        self.weight_rule = str(getattr(arguments["weight_rule"], "value", arguments["weight_rule"]))
        if self.weight_rule not in _WEIGHT_RULES:
            raise TradewindException(f"{where}: weight_rule is one of {_WEIGHT_RULES}, not {self.weight_rule!r}.")
        self.queue = arguments["queue"]
        self.executor = arguments["executor"]
        self.isolation = arguments["isolation"]
        if self.isolation not in _ISOLATIONS:
            raise TradewindException(f"{where}: isolation is 'fork' or 'fresh', not {self.isolation!r}.")
        self.trigger_rule = TriggerRule.parse(arguments["trigger_rule"], where)
        self._take_past(arguments)
        self._take_limits(arguments, where)
        self.params = dict(arguments["params"] or {})
        self.do_xcom_push = bool(arguments["do_xcom_push"])
        self.multiple_outputs = bool(arguments["multiple_outputs"])
        self.doc_md = arguments["doc_md"]
        self._take_rare_arguments(arguments, where)
        for name in _CALLBACKS:
            if arguments[name] is not None:
                as_callbacks(arguments[name], f"{where}: {name}")
                setattr(self, name, arguments[name])
        if arguments["sla"] is not None:
            self.sla = as_timedelta(arguments["sla"], f"{where}: sla")
        if arguments["email"]:
            self.email = _addresses(arguments["email"], where)
            self.email_on_failure = bool(arguments["email_on_failure"])
            self.email_on_retry = bool(arguments["email_on_retry"])

    def _take_rare_arguments(self, arguments: Mapping[str, Any], where: str) -> None:
        for name in _TEXTS:
            if arguments[name] is not None:
                setattr(self, name, arguments[name])
        for name, attribute in _HOOKS:
            if arguments[name] is not None:
                setattr(self, attribute, _callable(arguments[name], where, name))
        for name in ("start_date", "end_date"):
            if arguments[name] is not None:
                setattr(self, name, _moment(arguments[name], where, name))
        for name in ("inlets", "outlets"):
            if arguments[name] is not None:
                setattr(self, name, assets_of(arguments[name], f"{where}: {name}"))
        if arguments["xcom_storage"] is not None:
            self.xcom_storage = check_storage_name(arguments["xcom_storage"], where)
        if arguments["task_display_name"]:
            self._task_display_name = str(arguments["task_display_name"])
        if arguments["executor_config"]:
            self.executor_config = _mapping(arguments["executor_config"], where, "executor_config")

    @property
    def task_display_name(self) -> str:
        """What the task is called in the UI: its id, where nothing else was given."""
        return self._task_display_name or self.task_id

    def _take_past(self, arguments: Mapping[str, Any]) -> None:
        self.wait_for_downstream = bool(arguments["wait_for_downstream"])
        # Waiting for what came after it includes waiting for itself, as in Airflow
        self.depends_on_past = bool(arguments["depends_on_past"]) or self.wait_for_downstream
        first = arguments["ignore_first_depends_on_past"]
        self.ignore_first_depends_on_past = True if first is None else bool(first)
        self.wait_for_past_depends_before_skipping = bool(arguments["wait_for_past_depends_before_skipping"])

    def _take_limits(self, arguments: Mapping[str, Any], where: str) -> None:
        limit, old = arguments["max_active_tis_per_dag"], arguments["task_concurrency"]
        if limit is not None and old is not None:
            raise TradewindException(
                f"{where}: give max_active_tis_per_dag, and not task_concurrency, its old name, as well."
            )
        in_all, in_run = (old if limit is None else limit), arguments["max_active_tis_per_dagrun"]
        self.max_active_tis_per_dag = _limit_or_none(in_all, where, "max_active_tis_per_dag")
        self.max_active_tis_per_dagrun = _limit_or_none(in_run, where, "max_active_tis_per_dagrun")

    def link_arguments(self, values: Any) -> None:
        """Make an edge from every task whose output stands in ``values``."""
        for argument in iter_xcom_args(values):
            if argument.operator.task_id not in self.upstream_task_ids:
                argument.set_downstream(self)

    @property
    def output(self) -> XComArg:
        """The reference to what this task returns, to pass on to other tasks."""
        return XComArg(self)

    @property
    def dag_id(self) -> str:
        """The id of the task's DAG, or ``adhoc_<owner>`` without one."""
        return self.dag.dag_id if self.dag is not None else f"adhoc_{self.owner}"

    @property
    def upstream_list(self) -> list[TaskNode]:
        """The tasks directly before this one, by id."""
        return self._relatives(self.upstream_task_ids)

    @property
    def downstream_list(self) -> list[TaskNode]:
        """The tasks directly after this one, by id."""
        return self._relatives(self.downstream_task_ids)

    def _relatives(self, task_ids: set[str]) -> list[TaskNode]:
        if self.dag is None:
            return []
        return [self.dag.get_task(task_id) for task_id in sorted(task_ids)]

    def flat_relative_ids(self, upstream: bool = False) -> set[str]:
        """Return the ids of all tasks after this one (or before it), however far away."""
        found: set[str] = set()
        waiting: list[TaskNode] = [self]
        while waiting:
            task = waiting.pop()
            near = task.upstream_list if upstream else task.downstream_list
            waiting.extend(other for other in near if other.task_id not in found)
            found.update(other.task_id for other in near)
        return found

    def as_setup(self) -> Any:
        """Make this task a setup: what follows runs only if it succeeded, and it is cleared with what follows."""
        if self.is_teardown:
            raise TradewindException(f"Task {self.task_id!r} is a teardown already, so it cannot be a setup.")
        self.is_setup = True
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> Any:
        """Make this task a teardown: it runs when all before it is done, if one of its setups succeeded.

        ``setups`` are tasks, or outputs of tasks, that it undoes: they become setups, directly before it. How it
        ends does not count for the run, unless ``on_failure_fail_dagrun``.
        """
        if self.is_setup:
            raise TradewindException(f"Task {self.task_id!r} is a setup already, so it cannot be a teardown.")
        self.is_teardown = True
        self.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = bool(on_failure_fail_dagrun)
        for node in as_nodes(setups if setups is not None else []):
            for task in node.last_tasks():
                task.as_setup()
            node.set_downstream(self)
        return self

    def __enter__(self) -> Scope:
        scope = Scope([self])
        vars(self).setdefault("_scopes_entered", []).append(scope)
        return scope.__enter__()

    def __exit__(self, *exc_info: object) -> None:
        vars(self)["_scopes_entered"].pop().__exit__(*exc_info)

    def mapped_group(self) -> GroupBuilder | None:
        """Return the mapped task group that the task is in, None where it is in none."""
        return self.task_group.mapped() if self.task_group is not None else None

    def first_tasks(self) -> list[TaskNode]:
        """Return this task."""
        return [self]

    def last_tasks(self) -> list[TaskNode]:
        """Return this task."""
        return [self]


def _callable(value: Any, where: str, name: str) -> Any:
    if not callable(value):
        raise TradewindException(f"{where}: {name} must be a function, not {value!r}.")
    return value


def _moment(value: Any, where: str, name: str) -> datetime:
    if not isinstance(value, datetime):
        raise TradewindException(f"{where}: {name} must be a datetime, not {value!r}.")
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)


def _mapping(value: Any, where: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TradewindException(f"{where}: {name} must be a dict, not {value!r}.")
    return dict(value)


def _timedelta_or_none(arguments: Mapping[str, Any], name: str, where: str) -> timedelta | None:
    value = arguments[name]
    return None if value is None else as_timedelta(value, f"{where}: {name}")


def _limit_or_none(value: Any, where: str, name: str) -> int | None:
    return None if value is None else _whole_number(value, 1, where, name)


def _addresses(value: Any, where: str) -> str | list[str]:
    found = [value] if isinstance(value, str) else list(value)
    for each in found:
        if not isinstance(each, str):
            raise TradewindException(f"{where}: email must be an address or a list of addresses, not {value!r}.")
    return value if isinstance(value, str) else found


def _whole_number(value: Any, least: int | None, where: str, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TradewindException(f"{where}: {name} must be a whole number, not {value!r}.")
    if least is not None and value < least:
        raise TradewindException(f"{where}: {name} must be at least {least}, not {value}.")
    return value
