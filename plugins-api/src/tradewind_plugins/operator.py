"""``BaseOperator``: what every operator derives from, in Tradewind and in its providers.

A subclass names its templated arguments in ``template_fields`` and does its work in :meth:`BaseOperator.execute`::

    class GreetOperator(BaseOperator):
        template_fields = ("name",)

        def __init__(self, *, name: str, **kwargs) -> None:
            super().__init__(**kwargs)
            self.name = name

        def execute(self, context):
            return f"hello {self.name}"

Constructing one inside ``with DAG(...)`` makes a task of it; default arguments are filled in before ``__init__`` runs.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from tradewind_plugins.arguments import refuse_unknown, with_defaults
from tradewind_plugins.exceptions import TaskDeferralError, TaskDeferralTimeout, TaskDeferred, TradewindException
from tradewind_plugins.graph import DETACHED, current_frame
from tradewind_plugins.mapped import OperatorPartial, default_args_at
from tradewind_plugins.task_node import TaskNode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind_plugins.graph import GraphBuilder, GroupBuilder
    from tradewind_plugins.trigger_rule import TriggerRule
    from tradewind_plugins.triggers import BaseTrigger, StartTriggerArgs


TRIGGER_FAIL_REPR = "__fail__"
"""The name of the method with which a task goes on whose trigger has failed, or not fired in time."""
TRIGGER_TIMEOUT = "Trigger timeout"
TRIGGER_FAILURE = "Trigger failure"


class OperatorMeta(type):
    """Fills in default arguments before an operator is constructed, and makes its edges afterwards."""

    if not TYPE_CHECKING:  # type checkers shall look at the operator's own __init__

        def __call__(cls, *args, **kwargs):
            if args:
                raise TradewindException(
                    f"{cls.__name__} takes its arguments by keyword, for instance {cls.__name__}(task_id='...')."
                )
            own = kwargs.pop("default_args", None)
            defaults = default_args_at(kwargs.get("dag"), kwargs.get("task_group"), own)
            operator = super().__call__(**with_defaults(cls, kwargs, defaults))
            if current_frame() is not DETACHED:
                operator.link_arguments([getattr(operator, name, None) for name in cls.template_fields])
            return operator


class BaseOperator(TaskNode, metaclass=OperatorMeta):
    """A task that does something.

    Args:
        task_id: the task's id, unique in its group.
        owner: who answers for it, shown in the UI.
        retries: how often the task is tried again after a failure.
        retry_delay: the pause before a retry, a timedelta or seconds.
        retry_exponential_backoff: whether the pause is about doubled with each retry, spread by chance.
        max_retry_delay: the longest pause that this comes to, a timedelta or seconds; None for one day.
        execution_timeout: how long a try may run, a timedelta or seconds; None for no limit.
        pool, pool_slots: the pool the task runs in, and how many of its slots it takes.
        priority_weight, weight_rule: what counts when more tasks could run than there is room for.
        queue, executor: where the task runs; None for the default.
        isolation: ``"fresh"`` for a process that imports the DAG file for this task alone, ``"fork"`` for one forked
            from a process that has imported it; None for the default. In ``default_args`` it holds for the whole DAG.
        trigger_rule: what the states of the direct upstream must be, see :class:`TriggerRule`.
        depends_on_past: whether the task waits until it succeeded, or was skipped, in the DAG's previous run by
            logical date.
        wait_for_downstream: whether it waits for the tasks directly after it in that run as well.
        ignore_first_depends_on_past: whether it does not wait in a run before which it never was.
        wait_for_past_depends_before_skipping: whether it waits so before its rule skips it, too.
        max_active_tis_per_dag: how many of its instances may be at work at once, in all runs; None for no limit.
            ``task_concurrency`` is the old name.
        max_active_tis_per_dagrun: how many in one run.
        params: values for templates and the trigger form, over those of the DAG.
        do_xcom_push: whether the result is kept for other tasks.
        xcom_storage: the name of the storage that its tables and large values are kept in, one of the setting
            `plugins.xcom_storages` or `default`; None for that of its DAG.
        multiple_outputs: whether a dict as a result is also kept key by key.
        doc_md: documentation of the task, in Markdown.
        doc, doc_json, doc_rst, doc_yaml: documentation as plain text, JSON, reStructuredText or YAML.
        task_display_name: what the UI calls the task; None for its id.
        map_index_template: a template that names each instance of a mapped task, filled in when its try has ended, from
            the context as ``execute`` left it.
        start_date, end_date: a run whose logical date lies before the one or after the other is without this task.
        executor_config: what the task asks of its executor, as plain JSON values; each executor says what it reads.
        pre_execute, post_execute: functions called around ``execute``, with the context; the second one also with the
            result.
        logger_name: a logger of its own below that of tasks, for the levels that logging is configured with.
        inlets, outlets: the assets that the task reads and writes; its success tells of new data in its outlets.
        on_execute_callback: called in the task's process before ``execute``, with the context; a function, a notifier,
            or a list of them.
        on_success_callback, on_failure_callback, on_retry_callback, on_skipped_callback: called with the context after
            the task has ended so: failed for good, failed with another try to come, skipped by its own exception.
        sla: how long after the data interval of a scheduled run the task is expected to have succeeded.
        email: who gets a mail when a try fails; an address, several in a text with commas, or a list.
        email_on_failure, email_on_retry: whether after the last try, and after one that is followed by another.
        dag, task_group: the place, where it is not the surrounding ``with`` block.

    Raises ``TradewindException`` for an argument that no operator has, or that is not built yet.
    """

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: Mapping[str, str] = {}
    ui_color = "#fff"
    ui_fgcolor = "#000"
    start_from_trigger: bool = False
    """Whether the task is deferred at once, by ``start_trigger_args``: its ``execute`` is not called."""
    start_trigger_args: StartTriggerArgs | None = None
    """With ``start_from_trigger``: what the task waits for; without it, ``execute`` is what defers."""

    def __init__(
        self,
        *,
        task_id: str,
        owner: str = "tradewind",
        retries: int | None = 0,
        retry_delay: timedelta | float = timedelta(minutes=5),
        retry_exponential_backoff: bool = False,
        max_retry_delay: timedelta | float | None = None,
        execution_timeout: timedelta | float | None = None,
        pool: str | None = None,
        pool_slots: int = 1,
        priority_weight: int = 1,
        weight_rule: str = "downstream",
        queue: str | None = None,
        executor: str | None = None,
        isolation: str | None = None,
        trigger_rule: TriggerRule | str = "all_success",
        depends_on_past: bool = False,
        wait_for_downstream: bool = False,
        ignore_first_depends_on_past: bool = True,
        wait_for_past_depends_before_skipping: bool = False,
        max_active_tis_per_dag: int | None = None,
        max_active_tis_per_dagrun: int | None = None,
        task_concurrency: int | None = None,
        params: Mapping[str, Any] | None = None,
        do_xcom_push: bool = True,
        xcom_storage: str | None = None,
        multiple_outputs: bool = False,
        doc_md: str | None = None,
        doc: str | None = None,
        doc_json: str | None = None,
        doc_rst: str | None = None,
        doc_yaml: str | None = None,
        task_display_name: str | None = None,
        map_index_template: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        executor_config: Mapping[str, Any] | None = None,
        pre_execute: Callable[[Any], Any] | None = None,
        post_execute: Callable[[Any, Any], Any] | None = None,
        logger_name: str | None = None,
        inlets: Any = None,
        outlets: Any = None,
        on_execute_callback: Any = None,
        on_failure_callback: Any = None,
        on_retry_callback: Any = None,
        on_skipped_callback: Any = None,
        on_success_callback: Any = None,
        sla: timedelta | None = None,
        email: str | Sequence[str] | None = None,
        email_on_failure: bool = True,
        email_on_retry: bool = True,
        dag: GraphBuilder | None = None,
        task_group: GroupBuilder | None = None,
        **kwargs: Any,
    ) -> None:
        given = locals()  # each argument by its name: they are as many as those of TASK_ARGUMENTS, and none is left out
        if kwargs:
            refuse_unknown(type(self), task_id, kwargs)
        self.place(task_id, dag, task_group)
        self.take_arguments(locals())  # by name; what is not an argument of all tasks is not looked at

    @classmethod
    def partial(cls, **arguments: Any) -> OperatorPartial:
        """Start a mapped task: give the arguments that all instances share, then call ``.expand``."""
        return OperatorPartial(cls, arguments)

    @property
    def operator_class(self) -> type[BaseOperator]:
        """The class of this task, as a mapped task has it."""
        return type(self)

    @property
    def task_type(self) -> str:
        """The name of the operator's class."""
        return type(self).__name__

    @property
    def log(self) -> logging.Logger:
        """The logger of the operator's class, or the one that ``logger_name`` names."""
        return logging.getLogger(self.logger_name or f"{type(self).__module__}.{type(self).__name__}")

    @staticmethod
    def xcom_push(context: Any, key: str, value: Any, execution_date: Any = None) -> None:
        """Keep ``value`` under ``key`` for other tasks, as ``context["ti"].xcom_push`` does."""
        if execution_date is not None:
            raise TradewindException(
                f"xcom_push of {key!r}: execution_date is not built; a value is kept for its own run."
            )
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(
        context: Any, task_ids: Any = None, dag_id: str | None = None, key: str | None = "return_value"
    ) -> Any:
        """Return what tasks pushed, as ``context["ti"].xcom_pull`` does."""
        return context["ti"].xcom_pull(task_ids=task_ids, dag_id=dag_id, key=key)

    def execute(self, context: Any) -> Any:
        """Do the work; the result becomes the task's XCom.

        ``context`` is the mapping of template variables. ``TradewindSkipException`` ends the task as skipped,
        ``TradewindFailException`` fails it without a retry, any other exception fails this try.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it executes.")

    def pre_execute(self, context: Any) -> None:
        """Do what comes before ``execute``; calls the function given as ``pre_execute``."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def post_execute(self, context: Any, result: Any = None) -> None:
        """Do what comes after ``execute``; calls the function given as ``post_execute``."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def defer(
        self,
        *,
        trigger: BaseTrigger,
        method_name: str,
        kwargs: Mapping[str, Any] | None = None,
        timeout: timedelta | None = None,
    ) -> NoReturn:
        """Give the task's place up until ``trigger`` fires; the task goes on with its method ``method_name`` then.

        The method is called with the context, ``event`` (what the trigger's event has as payload) and ``kwargs``. It
        is a new process: what this object has learnt since it was made is forgotten.

        Args:
            trigger: what to wait for.
            method_name: what the task goes on with.
            kwargs: further arguments for it, as XComs can be.
            timeout: how long to wait at most; then ``TaskDeferralTimeout`` is raised in the task.
        """
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(self, next_method: str, next_kwargs: Mapping[str, Any] | None, context: Any) -> Any:
        """Go on after a trigger has fired: call the method that the deferral has named.

        Raises:
            TaskDeferralTimeout: in place of the method, where the trigger has not fired in time.
            TaskDeferralError: in place of the method, where the trigger has failed.
            TradewindException: there is no such method.
        """
        if next_method == TRIGGER_FAIL_REPR:
            told = dict(next_kwargs or {})
            kind = TaskDeferralTimeout if told.get("error") == TRIGGER_TIMEOUT else TaskDeferralError
            raise kind(str(told.get("traceback") or told.get("error")))
        method = getattr(self, next_method, None)
        if not callable(method):
            raise TradewindException(
                f"Task {self.task_id!r} was to go on with {type(self).__name__}.{next_method}, which does not exist."
            )
        return method(context, **dict(next_kwargs or {}))

    def on_kill(self) -> None:
        """Clean up what ``execute`` has started elsewhere; called when the try is killed."""

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"
