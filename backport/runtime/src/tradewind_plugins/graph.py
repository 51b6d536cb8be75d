"""Where new tasks go: Airflow's current DAG. Airflow 1.10 has no task groups."""
from airflow import settings

__all__ = ["Frame", "current_frame"]


class Frame:
    """A DAG, and no group."""

    __slots__ = ("dag", "group")

    def __init__(self, dag, group=None):
        self.dag = dag
        self.group = group


def current_frame():
    """Return the DAG of the surrounding `with` block, or None, in a frame."""
    return Frame(settings.CONTEXT_MANAGER_DAG)
