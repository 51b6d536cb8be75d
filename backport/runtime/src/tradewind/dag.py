"""`DAG` by Tradewind's arguments."""
from datetime import timedelta

from airflow.models import DAG as AirflowDAG
from tradewind_plugins.exceptions import TradewindException

_UNSET = object()


class DAG(AirflowDAG):
    """Airflow's DAG, with `schedule` in place of `schedule_interval` and `max_active_tasks` in place of `concurrency`.
    """

    def __init__(self, dag_id, description="", schedule=_UNSET, *, schedule_interval=_UNSET, **kwargs):
        if schedule is not _UNSET and schedule_interval is not _UNSET:
            raise TradewindException("DAG {!r}: give schedule or schedule_interval, not both.".format(dag_id))
        chosen = schedule_interval if schedule is _UNSET else schedule
        if chosen is _UNSET:
            chosen = timedelta(days=1)
        if chosen is not None and not isinstance(chosen, (str, timedelta)) and not hasattr(chosen, "days"):
            raise TradewindException(
                "DAG {!r}: on Airflow 1.10 a schedule is a cron expression, a preset, a timedelta or None, "
                "not {!r}.".format(dag_id, chosen)
            )
        if "max_active_tasks" in kwargs:
            kwargs["concurrency"] = kwargs.pop("max_active_tasks")
        if "tags" in kwargs:
            kwargs["tags"] = sorted(set(kwargs["tags"] or ()))
        doc_md = kwargs.pop("doc_md", None)
        super().__init__(dag_id, description or "", schedule_interval=chosen, **kwargs)
        self.doc_md = doc_md
