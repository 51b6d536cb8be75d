"""A sensor that waits for another DAG or tasks of it, and the mark that a clear follows to another DAG."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradewind_plugins.callables import context_arguments
from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.host import current
from tradewind_plugins.sensor import BaseSensor

from tradewind.operators.empty import EmptyOperator
from tradewind.sensors.standings import RUN_STATES, TASK_STATES, Awaited, Standings, verdict
from tradewind.triggers.external_task import WorkflowTrigger

OWN_DATE = "{{ logical_date.isoformat() }}"
"""The logical date of the marker's own run."""


class ExternalTaskSensor(BaseSensor):
    """Waits until a DAG's run of a logical date, or tasks of it, are in the states that are wanted.

    Without a task and a group it waits for the run. A mapped task is there when all its instances are. Where a logical
    date has several runs, the newest counts.

    Args:
        external_dag_id: the DAG; templated.
        external_task_id, external_task_ids, external_task_group_id: one of them at most: a task, several, or a group
            with all that is in it; templated.
        allowed_states: states that are waited for; by default ``success``.
        skipped_states: with one of these, this task is skipped.
        failed_states: with one of these, it fails, or is skipped with ``soft_fail``.
        execution_delta: how far the other run's logical date is before that of this run; none by default.
        execution_date_fn: takes this run's logical date (and variables of the context by name) and returns the other's,
            or several.
        check_existence: whether the first look fails where there is no such DAG, task or group. A group must be there
            always.
        poll_interval: seconds between two looks of a triggerer.
        deferrable: whether to wait in a triggerer.

    Raises ``TradewindException`` where arguments contradict each other.
    """

    template_fields: Sequence[str] = (
        "external_dag_id",
        "external_task_id",
        "external_task_ids",
        "external_task_group_id",
    )
    ui_color = "#e1eef2"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: timedelta | None = None,
        execution_date_fn: Callable[..., Any] | None = None,
        check_existence: bool = False,
        poll_interval: float = 2.0,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        where = f"Task {self.task_id!r}"
        named = (external_task_id, external_task_ids, external_task_group_id)
        if sum(each is not None for each in named) > 1:
            raise TradewindException(
                f"{where}: give one of external_task_id, external_task_ids and external_task_group_id."
            )
        if execution_delta is not None and execution_date_fn is not None:
            raise TradewindException(f"{where}: give one of execution_delta and execution_date_fn.")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.external_task_ids = [external_task_id] if external_task_id is not None else external_task_ids
        self.external_task_group_id = external_task_group_id
        known = RUN_STATES if not any(named) else TASK_STATES
        self.allowed_states = _names(allowed_states or ("success",))
        self.skipped_states = _names(skipped_states or ())
        self.failed_states = _names(failed_states or ())
        _check([*self.allowed_states, *self.skipped_states, *self.failed_states], known, where)
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence
        self.poll_interval = poll_interval
        self._has_checked = False

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return None
        return self.defer(
            trigger=WorkflowTrigger(
                self.external_dag_id,
                self.logical_dates(context),
                self._tasks(),
                self.external_task_group_id,
                failed_states=self.failed_states,
                skipped_states=self.skipped_states,
                allowed_states=self.allowed_states,
                poke_interval=self.poll_interval,
                soft_fail=self.soft_fail,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Go on with what the trigger has found.

        Raises:
            TradewindException, TradewindSkipException: as of ``poke``.
        """
        self._judge(event["status"], self.logical_dates(context))

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the other DAG's runs.

        Raises:
            TradewindException: one of ``failed_states`` was found, or what must be there is not.
            TradewindSkipException: one of ``skipped_states`` was, or of ``failed_states`` with ``soft_fail``.
        """
        dates = self.logical_dates(context)
        standings = self._standings(dates)
        told = ", ".join(each.isoformat() for each in dates)
        self.log.info("Looking at %s at %s", self._what(), told)
        return self._judge(verdict(standings, self._awaited(dates)), dates)

    def _judge(self, found: str, dates: Sequence[datetime]) -> bool:
        told = ", ".join(each.isoformat() for each in dates)
        if found == "failed":
            sentence = f"{self._what()} at {told} is in one of the states {', '.join(self.failed_states)}."
            if self.soft_fail:
                raise TradewindSkipException(f"{sentence} Skipped, as soft_fail is set.")
            raise TradewindException(sentence)
        if found == "skipped":
            raise TradewindSkipException(
                f"{self._what()} at {told} is in one of the states {', '.join(self.skipped_states)}."
            )
        return found in {"there", "success"}

    def logical_dates(self, context: Mapping[str, Any]) -> list[datetime]:
        """Return the logical dates of the runs that are waited for.

        Raises:
            TradewindException: this run has no logical date, or the function returned something else.
        """
        own = context.get("logical_date")
        if own is None:
            raise TradewindException(f"Task {self.task_id!r}: the run has no logical date to find the other run by.")
        if self.execution_date_fn is None:
            return [own - self.execution_delta if self.execution_delta is not None else own]
        found = _called(self.execution_date_fn, own, context)
        dates = list(found) if isinstance(found, (list, tuple, set)) else [found]
        wrong = next((each for each in dates if not isinstance(each, datetime)), None)
        if wrong is not None or not dates:
            raise TradewindException(
                f"Task {self.task_id!r}: execution_date_fn returns a datetime or several, not {found!r}."
            )
        return sorted(set(dates))

    def _standings(self, dates: Sequence[datetime]) -> Standings:
        checks = self.check_existence and not self._has_checked
        tasks = self._tasks()
        found = current().look_at_runs(
            self.external_dag_id, dates, task_ids=tasks, group_id=self.external_task_group_id, checks=checks
        )
        self._has_checked = True
        return found

    def _tasks(self) -> list[str] | None:
        """Return the tasks, as they are rendered: ``external_task_ids`` may be a text that a template has become."""
        if self.external_task_id is not None:
            return [self.external_task_id]
        ids: Any = self.external_task_ids
        if ids is None:
            return None
        listed: list[str] = [ids] if isinstance(ids, str) else list(ids)
        if len(set(listed)) < len(listed):
            raise TradewindException(f"Task {self.task_id!r}: external_task_ids has a task twice: {listed!r}.")
        return listed

    def _awaited(self, dates: Sequence[datetime]) -> Awaited:
        return Awaited(
            dates=tuple(dates),
            task_ids=self._tasks(),
            of_group=self.external_task_group_id is not None,
            allowed=frozenset(self.allowed_states),
            skipped=frozenset(self.skipped_states),
            failed=frozenset(self.failed_states),
        )

    def _what(self) -> str:
        if self.external_task_group_id is not None:
            return f"Task group {self.external_task_group_id!r} of DAG {self.external_dag_id!r}"
        tasks = self._tasks()
        if tasks is None:
            return f"DAG {self.external_dag_id!r}"
        return f"Task {', '.join(map(repr, tasks))} of DAG {self.external_dag_id!r}"


class ExternalTaskMarker(EmptyOperator):
    """Does nothing, and says that a task of another DAG depends on this one: who clears this clears that too.

    Args:
        external_dag_id, external_task_id: the other task; templated.
        execution_date: the logical date of the other run, as a text in ISO 8601 or a datetime; by default that of this
            run. Templated.
        recursion_depth: how many markers in a row a clear follows.
    """

    template_fields: Sequence[str] = ("external_dag_id", "external_task_id", "execution_date")
    ui_color = "#e1eef2"

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        execution_date: str | datetime | None = OWN_DATE,
        recursion_depth: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(execution_date, datetime):
            execution_date = execution_date.isoformat()
        if execution_date is not None and not isinstance(execution_date, str):
            raise TradewindException(
                f"Task {self.task_id!r}: execution_date is a datetime or its text in ISO 8601, not {execution_date!r}."
            )
        if recursion_depth <= 0:
            raise TradewindException(f"Task {self.task_id!r}: recursion_depth is 1 or more, not {recursion_depth!r}.")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.execution_date = execution_date
        self.recursion_depth = recursion_depth


def _names(states: Iterable[str]) -> list[str]:
    """Return names of states, of what may be members of an enum; None stands for no state yet."""
    return [each.lower() for each in (str(getattr(each, "value", each)) for each in states)]


def _check(states: Sequence[str], known: Collection[str], where: str) -> None:
    unknown = next((each for each in states if each not in known), None)
    if unknown is not None:
        raise TradewindException(
            f"{where}: {unknown!r} is no state that can be waited for: {', '.join(sorted(known))}."
        )
    if len(set(states)) < len(states):
        raise TradewindException(
            f"{where}: allowed_states, skipped_states and failed_states share a state: {states!r}."
        )


def _called(function: Callable[..., Any], own: datetime, context: Mapping[str, Any]) -> Any:
    return function(own, **context_arguments(function, (own,), {}, context))
