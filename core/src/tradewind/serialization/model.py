"""What a serialized DAG is once it is read: frozen values, tasks in topological order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tradewind.authoring.params import Param
from tradewind.timetables import Timetable

SCHEMA = 1
"""The version of the format; a reader knows all up to its own."""

XComSource = tuple[str, str]
"""The task and the key of an output that a task is mapped over."""

AssetSpec = Mapping[str, Any]
"""An asset or alias as its `to_spec` describes it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A task of another DAG that depends on one of this.

    Args:
        dag_id, task_id: the other task, as its author wrote them: maybe with a template in them.
        logical_date: of the other run, as its author wrote it; None for that of the own run.
        recursion_depth: how many marks in a row a clear follows, this one counted.
    """

    dag_id: str
    task_id: str
    logical_date: str | None
    recursion_depth: int


@dataclass(frozen=True, slots=True)
class Joined:
    """A length that is made of others: the sum of ``concat``, the least of ``zip``, the greatest of ``longest``."""

    how: str
    parts: tuple[XComSource | Joined, ...]


Length = int | XComSource | Joined
"""How many elements there are, or of what output or outputs that depends."""


@dataclass(frozen=True, slots=True)
class SerializedTask:
    """A task as the scheduler and the UI know it.

    Args:
        task_id: its full id.
        task_type: the name of its operator's class.
        operator: the class as an import string, ``module:name``.
        rank: its place in the topological order, unique in the DAG: upstream has smaller ranks. The lock order.
        upstream, downstream: ids of the tasks directly before and after it, in order of rank.
        trigger_rule: the rule's name.
        retries: how often it is tried again.
        retry_delay: seconds before a retry.
        retry_exponential_backoff, max_retry_delay: whether that grows with each retry, and to how many seconds at most.
        depends_on_past, wait_for_downstream, ignore_first_depends_on_past, wait_for_past_depends_before_skipping: what
            it waits for in the DAG's previous run.
        max_active_tis_per_dag, max_active_tis_per_dagrun: how many of its instances may be at work at once, or None.
        execution_timeout: seconds a try may take, or None.
        pool, pool_slots: where it runs, and how much room it takes there.
        priority: its effective priority, its weight rule applied.
        queue, executor: where it runs; None for the default.
        isolation: `fork`, `fresh`, or None for the default.
        do_xcom_push: whether its result is kept.
        group_id: the group it is in, or None.
        is_empty: whether there is nothing to execute, so that no process is needed.
        marks: the task of another DAG that a clear of this one clears too; None for most.
        expand: None, or the varying arguments of a mapped task in order, each with its length, or with the task and
            key of the output that will have one. The number of instances is the product. In a mapped group it is that of
            the group.
        is_setup, is_teardown, on_failure_fail_dagrun: what it is in a scope, and whether its failure fails the run.
        setups: the setups that it needs beyond what its rule says: for a teardown those directly before it, else those
            in whose scope it is without being directly behind them.
        in_scope: the tasks that have this one among their setups.
        mapped_group: the mapped group it is in, or None. Instances in it wait for those of their own index.
        expand_values: the elements of varying arguments that are known, for display.
        owner, doc: who answers for it, and its documentation in Markdown.
        docs: its documentation in other formats: `text`, `json`, `rst` or `yaml`.
        display_name: what it is called; its id, where nothing else was given.
        start_date, end_date: it is no part of runs whose logical date lies outside; None where it always is.
        executor_config: what it asks of its executor.
        xcom_storage: the storage of its large XComs, by name; None for that of its DAG.
        params: its own params.
        template_fields: its templated arguments, for display.
        ui_color: the colour of its class in the graph.
        inlets, outlets: specs of the assets and aliases that it reads and writes.
        callbacks: what is to be called, by the argument that says when: the names of the callables, in their order.
    """

    task_id: str
    task_type: str
    operator: str
    rank: int
    upstream: tuple[str, ...]
    downstream: tuple[str, ...]
    trigger_rule: str
    retries: int
    retry_delay: float
    retry_exponential_backoff: bool
    max_retry_delay: float | None
    depends_on_past: bool
    wait_for_downstream: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    execution_timeout: float | None
    pool: str
    pool_slots: int
    priority: int
    queue: str | None
    executor: str | None
    isolation: str | None
    do_xcom_push: bool
    group_id: str | None
    is_empty: bool
    marks: Mark | None
    expand: tuple[tuple[str, Length], ...] | None
    mapped_group: str | None
    is_setup: bool
    is_teardown: bool
    on_failure_fail_dagrun: bool
    setups: tuple[str, ...]
    in_scope: tuple[str, ...]
    expand_values: Mapping[str, Any]
    owner: str
    doc: str | None
    docs: Mapping[str, str]
    display_name: str
    start_date: datetime | None
    end_date: datetime | None
    executor_config: Mapping[str, Any]
    xcom_storage: str | None
    params: Mapping[str, Param]
    template_fields: Mapping[str, Any]
    ui_color: str
    inlets: tuple[AssetSpec, ...] = ()
    outlets: tuple[AssetSpec, ...] = ()
    callbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_mapped(self) -> bool:
        """Whether the task has as many instances as there are elements."""
        return self.expand is not None


@dataclass(frozen=True, slots=True)
class SerializedGroup:
    """A task group: its id, the group around it (None at the top), its tooltip, and what it is mapped over, or None."""

    group_id: str
    parent_id: str | None
    label: str
    tooltip: str
    expand: tuple[tuple[str, Length], ...] | None = None


@dataclass(frozen=True, slots=True)
class DagHead:
    """What a serialized DAG says of itself as a whole.

    ``owners`` are those of its tasks, each once, by name. ``asset_uses`` tells where it names assets: the role
    (``schedule``, ``outlet``, ``inlet``), the task's id (empty for the schedule), and the spec.
    ``task_limits`` are its tasks with limits of their own: id, ``max_active_tis_per_dag``, ``max_active_tis_per_dagrun``.
    ``access_control`` is what it gives to roles: actions by resource by role; None where it says nothing.
    """

    dag_id: str
    display_name: str
    description: str | None
    timetable: Timetable
    start_date: datetime | None
    end_date: datetime | None
    catchup: bool | str
    max_active_runs: int
    max_active_tasks: int
    is_paused_upon_creation: bool | None
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    asset_uses: tuple[tuple[str, str, AssetSpec], ...]
    task_limits: tuple[tuple[str, int | None, int | None], ...]
    watchers: tuple[tuple[str, str, str, str], ...]
    access_control: Mapping[str, Mapping[str, Sequence[str]]] | None


@dataclass(frozen=True, slots=True)
class SerializedDag(DagHead):
    """A DAG as all know it that do not import its file.

    ``tasks`` is in topological order. ``edge_labels`` goes by (upstream id, downstream id). ``owner_links`` are addresses
    by owner. After ``max_consecutive_failed_runs`` failed ones in a row it is paused; 0 for never.
    With ``fail_stop`` a task that fails stops all others. ``xcom_storage`` is where large XComs of its tasks go, by name.
    ``callbacks`` is as that of a task. ``dagrun_timeout`` and ``slas``, by task, are seconds;
    so are those of ``deadlines``, each after a moment: ``queued_at``, ``logical_date``, or one in ISO 8601.
    """

    timezone: str
    params: Mapping[str, Param]
    doc: str | None
    owner_links: Mapping[str, str]
    max_consecutive_failed_runs: int
    tasks: Mapping[str, SerializedTask]
    groups: Mapping[str, SerializedGroup]
    fail_stop: bool = False
    xcom_storage: str | None = None
    edge_labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    callbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dagrun_timeout: float | None = None
    slas: Mapping[str, float] = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The ids of the tasks without upstream, in order of rank."""
        return tuple(task_id for task_id, task in self.tasks.items() if not task.upstream)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The ids of the tasks without downstream, in order of rank."""
        return tuple(task_id for task_id, task in self.tasks.items() if not task.downstream)
