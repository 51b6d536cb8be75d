"""What goes wrong in the view of the metadata database, as sentences that name the way out."""

from __future__ import annotations

from typing import Final

from tradewind_plugins.exceptions import TradewindException

WAYS: Final = {
    "connection": "add connections with `tradewind connections add`, or from a file with `tradewind connections import`",
    "dag": "pause DAGs with `tradewind dags pause` and `tradewind dags unpause`",
    "dag_run": "make runs with `tradewind dags trigger`",
    "slot_pool": "set pools with `tradewind pools set`",
    "task_instance": "run tasks again with `tradewind tasks clear`",
    "variable": "set variables with Variable.set inside a task, or `tradewind variables set`",
    "xcom": "push values with ti.xcom_push, or return them",
}
_CLEANING: Final = "remove old rows with `tradewind db clean`"
DELETING: Final = {
    "connection": "remove connections with `tradewind connections delete`",
    "dag": "remove DAGs with `tradewind dags delete`",
    "dag_run": _CLEANING,
    "slot_pool": "remove pools with `tradewind pools delete`",
    "task_instance": _CLEANING,
    "variable": "remove variables with `tradewind variables delete`",
    "xcom": _CLEANING,
}
_OTHER: Final = "keep data of your own in a database of your own, and reach it through a connection and its hook"


class MetadataReadOnly(TradewindException):
    """DAG code tried to write to the metadata database."""


class MetadataViewError(TradewindException):
    """A statement asks for something that the view of the metadata database does not have."""


def read_only(what: str, table: str) -> MetadataReadOnly:
    """Return the error for a write. Arguments: `what` was to be done, such as ``insert into``, and on which table."""
    ways = DELETING if what.startswith("delete") else WAYS
    return MetadataReadOnly(
        f"{what} {table!r} is not possible: DAG code has a read-only view of Tradewind's tables. Instead, "
        f"{ways.get(table, _OTHER)}"
    )
