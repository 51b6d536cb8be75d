"""The base of all operators on this host: Airflow's, with Tradewind's arguments, outputs and context."""
import functools
import inspect
from enum import Enum

from airflow.models import BaseOperator as AirflowOperator
from airflow.models import SkipMixin, TaskReschedule
from airflow.utils.decorators import apply_defaults
from tradewind_plugins.airflow_host import enter_task, leave_task
from tradewind_plugins.edges import as_tasks
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.task_node import as_timedelta
from tradewind_plugins.xcom_arg import XComArg, iter_xcom_args

__all__ = ["BaseOperator"]

_OLD_RULES = {"always": "dummy", "none_failed_min_one_success": "none_failed_or_skipped"}
_AIRFLOWS = frozenset(inspect.signature(AirflowOperator.__init__).parameters) - {"self", "args", "kwargs"}


def _constructor(init):
    """Give an `__init__` default arguments as Airflow does, and make the edges of outputs that stand in arguments."""
    with_defaults = apply_defaults(init)

    @functools.wraps(init)
    def construct(self, *args, **kwargs):
        outermost = not getattr(self, "_constructing", False)
        self._constructing = True
        with_defaults(self, *args, **kwargs)
        if outermost:
            self._constructing = False
            self._link_outputs()

    return construct


class BaseOperator(AirflowOperator):
    """A task that does something.

    Arguments are Tradewind's; those of Airflow 1.10 that Tradewind lacks are taken too.
    """

    template_fields_renderers = {}  # Airflow 1.10 shows all rendered fields alike

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _constructor(vars(cls)["__init__"])

    def __init__(
        self, *, task_id, multiple_outputs=False, executor=None, isolation=None, doc_md=None, task_group=None, **kwargs
    ):
        # Every task of Airflow 1.10 has a process that imports the file anew: isolation asks for nothing more there
        _refuse(type(self).__name__, task_id, kwargs, executor, task_group)
        if kwargs.get("execution_timeout") is not None:
            kwargs["execution_timeout"] = as_timedelta(kwargs["execution_timeout"], "execution_timeout")
        for name in ("pool", "queue"):
            if kwargs.get(name, "") is None:  # Tradewind's way to say the default
                del kwargs[name]
        if "trigger_rule" in kwargs:
            kwargs["trigger_rule"] = _trigger_rule(kwargs["trigger_rule"])
        super().__init__(task_id=task_id, **kwargs)
        self.multiple_outputs = bool(multiple_outputs)
        self.doc_md = doc_md

    @property
    def output(self):
        """The reference to what this task returns, to pass on to other tasks."""
        return XComArg(self)

    def set_downstream(self, task_or_task_list):
        """Run tasks, or the tasks behind outputs, after this one."""
        super().set_downstream(as_tasks(task_or_task_list))

    def set_upstream(self, task_or_task_list):
        """Run this task after others, or after the tasks behind outputs."""
        super().set_upstream(as_tasks(task_or_task_list))

    def render_template_fields(self, context, jinja_env=None):
        """Fill in the templates, with the variables of the context that came after Airflow 1.10."""
        _complete(context)
        super().render_template_fields(context, jinja_env)

    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        """Fill in the templates of a value; an output of a task becomes what that task pushed."""
        if isinstance(content, XComArg):
            return context["ti"].xcom_pull(task_ids=content.operator.task_id, key=content.key)
        return super().render_template(content, context, jinja_env, seen_oids)

    def pre_execute(self, context):
        """Let the host know which task runs."""
        _complete(context)
        _note_first_look(self, context["ti"])
        _let_skip(self, context)
        enter_task(context)
        super().pre_execute(context)

    def post_execute(self, context, result=None):
        """Push a dict key by key, if the task has multiple outputs."""
        super().post_execute(context, result)
        if self.multiple_outputs and result is not None:
            for key, value in result.items():
                context["ti"].xcom_push(key=key, value=value)
        leave_task()

    def defer(self, *, trigger, method_name, kwargs=None, timeout=None):
        """Refuse: without a triggerer nothing would ever call the task again."""
        raise TradewindException(
            "Task {!r} wants to wait for {}: Airflow 1.10 has no triggerer; "
            "let the operator poll (deferrable=False), or the sensor use mode='reschedule'.".format(
                self.task_id, type(trigger).__name__
            )
        )

    def _link_outputs(self):
        for argument in iter_xcom_args([getattr(self, name, None) for name in self.template_fields]):
            if argument.operator.task_id not in self.upstream_task_ids:
                self.set_upstream(argument)


BaseOperator.__init__ = _constructor(BaseOperator.__init__)


def _refuse(kind, task_id, kwargs, executor, task_group):
    """Refuse what Airflow 1.10 would only warn of, or ignore."""
    if kwargs.pop("xcom_storage", None) is not None:
        raise TradewindException(
            "Task {!r}: Airflow 1.10 keeps XComs in its database; leave xcom_storage out.".format(task_id)
        )
    unknown = sorted(set(kwargs) - _AIRFLOWS)
    if unknown:
        raise TradewindException("Task {!r}: {} has no argument {!r}.".format(task_id, kind, unknown[0]))
    if executor is not None:
        raise TradewindException("Task {!r}: Airflow 1.10 has one executor; leave executor out.".format(task_id))
    if task_group is not None:
        raise TradewindException("Task {!r}: Airflow 1.10 has no task groups; leave task_group out.".format(task_id))


def _trigger_rule(rule):
    name = rule.value if isinstance(rule, Enum) else rule
    return _OLD_RULES.get(name, name)


def _note_first_look(task, ti):
    """Tell a rescheduled sensor when this try first looked, which Airflow 1.10 keeps beside the task instance."""
    if getattr(task, "reschedule", False):
        earlier = TaskReschedule.find_for_task_instance(ti)
        ti.waiting_since = earlier[0].start_date if earlier else None


def _let_skip(task, context):
    """Give the task instance Tradewind's way to skip what comes after it: a list of ids. It is done at once."""

    def skip_downstream(task_ids):
        tasks = [task.dag.get_task(task_id) for task_id in task_ids]
        if tasks:
            SkipMixin().skip(context["dag_run"], context["execution_date"], tasks)

    context["ti"].skip_downstream = skip_downstream


def _complete(context):
    """Add the variables of the context that came after Airflow 1.10."""
    start = context["execution_date"]
    context.setdefault("logical_date", start)
    context.setdefault("data_interval_start", start)
    context.setdefault("data_interval_end", context.get("next_execution_date") or start)
