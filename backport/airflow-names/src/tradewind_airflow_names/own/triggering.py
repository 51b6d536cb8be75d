"""`airflow.api.common.trigger_dag`: making a run of a DAG from the code of a task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tradewind.authoring.views import DagRunView
from tradewind_plugins.exceptions import DagRunAlreadyExists
from tradewind_plugins.host import current


def trigger_dag(
    dag_id: str,
    run_id: str | None = None,
    conf: Mapping[str, Any] | str | None = None,
    execution_date: datetime | None = None,
    replace_microseconds: bool = True,
    *,
    logical_date: datetime | None = None,
    triggered_by: Any = None,
    session: Any = None,
) -> DagRunView:
    """Make a run, and return it. The task is asked in whose name it is made: a DAG file that is only read makes none.

    Arguments:
        dag_id: the DAG.
        run_id: the run's name; by default `manual__` and the logical date.
        conf: values for the run, or their text as JSON.
        execution_date, logical_date: what the run is about; by default the moment at which it is made.
        replace_microseconds: whether that moment has no microseconds.
        triggered_by, session: not needed here.
    Raises:
        DagNotFound: there is no such DAG.
        DagRunAlreadyExists: it has a run of that name.
        TradewindException: no task is running here, or the conf does not fit the DAG's params.
    """
    values = json.loads(conf) if isinstance(conf, str) else dict(conf or {})
    given = logical_date or execution_date
    now = datetime.now(timezone.utc)
    moment = given or (now.replace(microsecond=0) if replace_microseconds else now)
    made = current().trigger_run(dag_id, run_id=run_id, logical_date=moment, conf=values)
    if not made["is_made"]:
        raise DagRunAlreadyExists(f"DAG {dag_id!r} has a run {made['run_id']!r} already.")
    return DagRunView(dag_id, {**made, "conf": values})
