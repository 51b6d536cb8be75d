"""Marks of tasks in other DAGs: which run and which task a marker means, its templates filled in.

Only what a run itself says is filled in (its dates, its id, its conf, `macros`), in a sandbox: no code of a DAG runs here, as
a clear is also asked for by servers that never import DAG files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from tradewind_plugins.exceptions import TradewindException

from tradewind.authoring import macros
from tradewind.authoring.views import DagRunView
from tradewind.metadata.statements.other_dags import RunMoment
from tradewind.serialization.model import Mark


@dataclass(frozen=True, slots=True)
class Marked:
    """The task that a marker means, and the logical date of its run."""

    dag_id: str
    task_id: str
    logical_date: datetime


def resolve(mark: Mark, task_id: str, run: RunMoment) -> Marked | None:
    """Return what a marker means in a run; None where its run has no logical date and it names none.

    Arguments:
        task_id: the marker's own task.
    Raises:
        TradewindException: a template that cannot be filled in here, or that makes no date; the marker is named.
    """
    where = f"Marker {task_id!r} of DAG {run.dag_id!r}"
    known = _variables(run)
    dag_id, other = (_render(each, known, where) for each in (mark.dag_id, mark.task_id))
    if mark.logical_date is None:
        return None if run.logical_date is None else Marked(dag_id, other, run.logical_date)
    text = _render(mark.logical_date, known, where)
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise TradewindException(
            f"{where} makes {text!r} of its execution_date {mark.logical_date!r} in run {run.run_id!r}, which is no date in "
            "ISO 8601: mend it there, or clear with --only-this-dag."
        ) from error
    return Marked(dag_id, other, moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc))


def _render(text: str, known: Mapping[str, Any], where: str) -> str:
    if "{" not in text:
        return text
    try:
        return _ENVIRONMENT.from_string(text).render(known)
    except Exception as error:  # whatever a template's expression raises
        raise TradewindException(
            f"{where} names the other task by the template {text!r}, which cannot be filled in outside of a task: {error}. "
            "Clear with --only-this-dag, and the other DAG by itself."
        ) from error


def _variables(run: RunMoment) -> dict[str, Any]:
    view = DagRunView(run.dag_id, run._asdict())
    dates = {} if view.logical_date is None else _of_moment(view.logical_date)
    return {
        "dag_run": view,
        "run_id": run.run_id,
        "data_interval_start": view.data_interval_start,
        "data_interval_end": view.data_interval_end,
        "params": view.conf,
        "macros": {name: getattr(macros, name) for name in ("datetime", "timedelta", "ds_add", "ds_format", "json")},
        **dates,
    }


def _of_moment(moment: datetime) -> dict[str, Any]:
    return {
        "logical_date": moment,
        "execution_date": moment,
        "ds": f"{moment:%Y-%m-%d}",
        "ds_nodash": f"{moment:%Y%m%d}",
        "ts": moment.isoformat(),
        "ts_nodash": f"{moment:%Y%m%dT%H%M%S}",
        "yesterday_ds": f"{moment - timedelta(days=1):%Y-%m-%d}",
        "tomorrow_ds": f"{moment + timedelta(days=1):%Y-%m-%d}",
    }


_ENVIRONMENT: Final = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
