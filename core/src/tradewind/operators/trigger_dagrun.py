"""An operator that makes a run of another DAG."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind_plugins.exceptions import (
    DagNotFound,
    DagRunAlreadyExists,
    TradewindException,
    TradewindNotFoundException,
    TradewindSkipException,
)
from tradewind_plugins.host import current
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import as_timedelta

from tradewind.authoring.moments import as_moment_of
from tradewind.triggers.external_task import DagStateTrigger, states_of_runs

XCOM_LOGICAL_DATE_ISO = "trigger_logical_date_iso"
XCOM_RUN_ID = "trigger_run_id"
SUCCESS, FAILED = "success", "failed"
STATES = frozenset({"queued", "running", SUCCESS, FAILED})


class TriggerDagRunOperator(BaseOperator):
    """Makes a run of a DAG, and waits for its end if it is told to.

    The name and the logical date of the run are pushed as XComs ``trigger_run_id`` and ``trigger_logical_date_iso``.
    However often a worker has to ask, one try makes one run.

    Args:
        trigger_dag_id: the DAG; templated.
        trigger_run_id: the run's name; by default ``manual__`` and the logical date. Templated.
        conf: values for the run, as JSON has them, or a text that is JSON of them; templated.
        logical_date, execution_date: what the run is about, a datetime or a text in ISO 8601; by default the moment at
            which it is made. Two words for one thing. Templated.
        reset_dag_run: whether a run of that name that is there already is cleared as a whole and runs again, with the
            conf that it has.
        skip_when_already_exists: whether the task is skipped where a run of that name is there already, and not to be
            reset.
        wait_for_completion: whether the task ends when the run has ended. Templated.
        poke_interval: seconds (or a timedelta) between two looks at the run.
        allowed_states: states of the run with which the task succeeds; by default ``success``.
        failed_states: those with which it fails; by default ``failed``.
        deferrable: whether to wait in a triggerer.

    Raises ``TradewindException`` for an argument that is of a wrong kind.
    """

    template_fields: Sequence[str] = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )
    template_fields_renderers: Mapping[str, str] = {"conf": "py"}
    ui_color = "#e3ecfb"

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: Any = None,
        logical_date: Any = None,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: timedelta | float = 60,
        allowed_states: Sequence[str] | None = None,
        failed_states: Sequence[str] | None = None,
        skip_when_already_exists: bool = False,
        deferrable: bool = False,
        execution_date: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = f"Task {self.task_id!r}"
        self.deferrable = deferrable
        if logical_date is not None and execution_date is not None:
            raise TradewindException(f"{where}: logical_date and execution_date are two words for one thing: give one.")
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf = conf
        self.logical_date = execution_date if logical_date is None else logical_date
        if isinstance(self.logical_date, (int, float)):
            raise TradewindException(
                f"{where}: logical_date is a datetime or its text in ISO 8601, not {self.logical_date!r}."
            )
        if isinstance(self.logical_date, datetime):
            self.logical_date = self.logical_date.isoformat()
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = as_timedelta(poke_interval, f"{where}: poke_interval").total_seconds()
        self.allowed_states = _states(allowed_states, (SUCCESS,), f"{where}: allowed_states")
        self.failed_states = _states(failed_states, (FAILED,), f"{where}: failed_states")
        self.skip_when_already_exists = skip_when_already_exists

    def execute(self, context: Mapping[str, Any]) -> None:
        """Make the run, and wait for it.

        Raises:
            DagNotFound: there is no such DAG.
            DagRunAlreadyExists: a run of that name is there, and neither to be reset nor a reason to skip.
            TradewindSkipException: it is a reason to skip.
            TradewindException: the run ended in one of ``failed_states``, was deleted, or could not be made.
        """
        made = self._make(context)
        run_id: str = made["run_id"]
        for key, value in ((XCOM_LOGICAL_DATE_ISO, made["logical_date"].isoformat()), (XCOM_RUN_ID, run_id)):
            context["ti"].xcom_push(key, value)
        if not _is_true(self.wait_for_completion):
            return
        if not self.deferrable:
            self._wait(run_id)
        elif not self._is_over(run_id, self._state(run_id)):
            states = [*self.allowed_states, *self.failed_states]
            trigger = DagStateTrigger(
                self.trigger_dag_id, states, poll_interval=self.poke_interval, run_ids=[run_id]
            )  # fmt: skip
            self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, str]) -> None:
        """Go on: the run has ended.

        Raises:
            TradewindException: in one of ``failed_states``.
        """
        for run_id, state in event.items():
            self._is_over(run_id, state)

    def _make(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        given: Any = self.logical_date
        moment = as_moment_of(given, f"Task {self.task_id!r}: logical_date") if given else datetime.now(timezone.utc)
        try:
            made = current().trigger_run(
                self.trigger_dag_id,
                run_id=self.trigger_run_id or None,
                logical_date=moment,
                conf=self._conf(),
                reset=self.reset_dag_run,
            )
        except TradewindNotFoundException as error:
            raise DagNotFound(str(error)) from error
        if made["is_made"]:
            self.log.info("Made run %s of DAG %s", made["run_id"], self.trigger_dag_id)
            return made
        sentence = f"DAG {self.trigger_dag_id!r} has a run {made['run_id']!r} already"
        if _is_true(self.skip_when_already_exists):
            raise TradewindSkipException(f"{sentence}, and skip_when_already_exists is set.")
        raise DagRunAlreadyExists(
            f"{sentence}: give another trigger_run_id or logical_date, reset_dag_run=True to run it again, or "
            "skip_when_already_exists=True."
        )

    def _conf(self) -> Mapping[str, Any]:
        conf = self.conf
        if isinstance(conf, str) and conf.strip():
            try:
                conf = json.loads(conf)
            except ValueError as error:
                raise TradewindException(f"Task {self.task_id!r}: conf is a text, but no JSON: {error}.") from error
        if not conf:
            return {}
        if not isinstance(conf, Mapping):
            raise TradewindException(f"Task {self.task_id!r}: conf is a dict, not {conf!r}.")
        return conf

    def _wait(self, run_id: str) -> None:
        while not self._is_over(run_id, self._state(run_id)):
            time.sleep(self.poke_interval)

    def _is_over(self, run_id: str, state: str) -> bool:
        if state in self.failed_states:
            raise TradewindException(f"Run {run_id!r} of DAG {self.trigger_dag_id!r} ended as {state}.")
        is_over = state in self.allowed_states
        told = "" if is_over else ": waiting"
        self.log.info("Run %s of DAG %s is %s%s", run_id, self.trigger_dag_id, state, told)
        return is_over

    def _state(self, run_id: str) -> str:
        states = states_of_runs(self.trigger_dag_id, [run_id])
        if run_id not in states:
            raise TradewindException(
                f"Run {run_id!r} of DAG {self.trigger_dag_id!r} was deleted while it was waited for."
            )
        return states[run_id]


def _states(given: Sequence[str] | None, usual: Sequence[str], where: str) -> list[str]:
    """Return names of states of runs, of what may be members of an enum.

    Raises:
        TradewindException: one is no state of a run.
    """
    states = [str(getattr(each, "value", each)) for each in (given or usual)]
    for each in states:
        if each not in STATES:
            raise TradewindException(f"{where}: {each!r} is no state of a run; those are {', '.join(sorted(STATES))}.")
    return states


def _is_true(value: Any) -> bool:
    """Tell what a switch says that a template may have turned into a text."""
    return value.strip().lower() in {"true", "1", "yes", "t", "y"} if isinstance(value, str) else bool(value)
