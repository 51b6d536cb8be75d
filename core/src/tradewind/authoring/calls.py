"""What a task or a DAG has called when its state changes, in one order, for whoever names it and for whoever calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from tradewind_plugins.callbacks import (
    ON_DEADLINE,
    ON_EXECUTE,
    ON_FAILURE,
    ON_RETRY,
    ON_SLA_MISS,
    ON_SUCCESS,
    TASK_CALLBACKS,
    as_callbacks,
    name_of,
)
from tradewind_plugins.task_node import TaskNode

from tradewind.plugins.imports import load

if TYPE_CHECKING:
    from tradewind.authoring.dag import DAG

Call = Callable[..., Any]
NEEDS_PROCESS: Final = frozenset({ON_EXECUTE, ON_SUCCESS})
"""With one of these even a task that executes nothing is started, as in Airflow."""

_NOTHING: Final = (None,) * len(TASK_CALLBACKS)
_given_to = attrgetter(*TASK_CALLBACKS)
_MAILED: Final = {ON_FAILURE: "email_on_failure", ON_RETRY: "email_on_retry"}
_DAG_CALLBACKS: Final = (ON_FAILURE, ON_SLA_MISS, ON_SUCCESS)
_NO_NAMES: Final[Mapping[str, list[str]]] = {}


def calls_of_task(task: TaskNode, kind: str) -> list[tuple[str, Call]]:
    """Return what is called, in order, when a task's state changes, each with its name; a mail it asks for is the first.

    Arguments:
        kind: the argument that says when, such as `on_failure_callback`.
    Raises:
        TradewindException: something of it cannot be called.
    """
    calls = [(name_of(each), each) for each in as_callbacks(getattr(task, kind), f"Task {task.task_id!r}: {kind}")]
    if task.email and getattr(task, _MAILED.get(kind, ""), False):
        return [("email", partial(_send_alert, task.email)), *calls]
    return calls


def _send_alert(to: Any, context: Any) -> None:
    """Send the mail that a task asks for. What sends mails is imported here only: few processes ever do."""
    load("tradewind.notifications.email:send_alert", "email_on_failure")(to, context)


def calls_of_dag(dag: DAG, kind: str) -> list[tuple[str, Call]]:
    """Return what is called, in order, when a run ends, tasks of it are late, or it misses a deadline; see `calls_of_task`.

    The kind of a deadline is `deadline.` and its number.
    What is called for late tasks takes Airflow's five arguments. A mail to those whom such tasks name is the last.
    """
    word, _, number = kind.partition(".")
    if word == ON_DEADLINE:
        return [(name_of(each), each) for each in dag.deadline[int(number)].callback]
    calls = [(name_of(each), each) for each in as_callbacks(getattr(dag, kind), f"DAG {dag.dag_id!r}: {kind}")]
    if kind == ON_SLA_MISS and any(task.sla is not None and task.email for task in dag.tasks):
        return [*calls, ("email", _send_sla_alert)]
    return calls


def _send_sla_alert(*given: Any) -> None:
    load("tradewind.notifications.email:send_sla_alert", "sla")(*given)


def names_of_task(task: TaskNode) -> Mapping[str, list[str]]:
    """Return the names of what is called, by kind; kinds with nothing to call are left out."""
    if not task.email and _given_to(task) == _NOTHING:  # nearly all tasks
        return _NO_NAMES
    found = {kind: [name for name, _call in calls_of_task(task, kind)] for kind in TASK_CALLBACKS}
    return {kind: names for kind, names in found.items() if names}


def names_of_dag(dag: DAG) -> dict[str, list[str]]:
    """Return the names of what is called, by kind, as `names_of_task`."""
    kinds = (*_DAG_CALLBACKS, *(f"{ON_DEADLINE}.{number}" for number in range(len(dag.deadline))))
    found = {kind: [name for name, _call in calls_of_dag(dag, kind)] for kind in kinds}
    return {kind: names for kind, names in found.items() if names}
