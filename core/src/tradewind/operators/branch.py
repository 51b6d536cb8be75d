"""The base of operators that choose what goes on after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradewind_plugins.operator import BaseOperator

from tradewind.authoring.branching import apply_branch
from tradewind.authoring.context import get_current_context

__all__ = ["BaseBranchOperator", "BranchMixIn", "SkipMixin"]


class SkipMixin:
    """Gives an operator the means to skip what comes after it, while it runs."""

    def skip(
        self, dag_run: Any, *execution_date_and_tasks: Any, tasks: Iterable[Any] | None = None, **_others: Any
    ) -> None:
        """Have these tasks of the run skipped when this one ends.

        Args:
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
    """An operator that chooses what goes on: a subclass says it in :meth:`choose_branch`.

    Direct downstream that is not chosen is skipped, whatever its trigger rule, unless it comes after something chosen
    as well.
    """

    def choose_branch(self, context: Mapping[str, Any]) -> Any:
        """Return the id of a task or group downstream, a list of them, or None to skip all direct downstream."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it chooses")

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Choose, have the other branches skipped, and return the choice.

        Raises:
            TradewindException: the choice is no task or group of the DAG.
        """
        return self.do_branch(context, self.choose_branch(context))


def follow_ids(follow: str | Iterable[str]) -> str | list[str]:
    """Return the ids that an operator was told to follow: one as it is, of several a list."""
    return follow if isinstance(follow, str) else list(follow)
