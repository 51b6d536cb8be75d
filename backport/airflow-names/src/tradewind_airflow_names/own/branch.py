"""`airflow.operators.branch` and `airflow.models.skipmixin`: operators of one's own that choose what goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradewind.authoring.branching import apply_branch
from tradewind.authoring.context import get_current_context
from tradewind_plugins.operator import BaseOperator


class SkipMixin:
    """Gives an operator the means to skip what comes after it, while it runs."""

    def skip(
        self, dag_run: Any, *execution_date_and_tasks: Any, tasks: Iterable[Any] | None = None, **_others: Any
    ) -> None:
        """Have these tasks of the run skipped when this one ends.

        Arguments:
            dag_run: the run, which is always this one.
            execution_date_and_tasks: the tasks, last; before them a date, in old files.
            tasks: the tasks, by keyword.
        """
        found = tasks if tasks is not None else execution_date_and_tasks[-1] if execution_date_and_tasks else ()
        get_current_context()["ti"].skip_downstream([each.task_id for each in found])

    def skip_all_except(self, ti: Any, branch_task_ids: str | Iterable[str] | None) -> None:
        """Have all direct downstream skipped but these, and what comes after these."""
        apply_branch(get_current_context(), branch_task_ids)


class BranchMixIn(SkipMixin):
    """The same, for operators whose result is the choice."""

    def do_branch(self, context: Mapping[str, Any], branches_to_execute: Any) -> Any:
        """Have the other branches skipped, and return the choice."""
        apply_branch(context, branches_to_execute)
        return branches_to_execute


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """An operator that chooses what goes on: a subclass says it in `choose_branch`."""

    def choose_branch(self, context: Mapping[str, Any]) -> Any:
        """Return the id of a task or group downstream, a list of them, or None."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it chooses")

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Choose, have the other branches skipped, and return the choice."""
        return self.do_branch(context, self.choose_branch(context))
