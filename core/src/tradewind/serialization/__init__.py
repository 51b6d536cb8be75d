"""Serialization: DAGs as JSON, for all that must know a DAG without importing its file.

``serialize`` and ``structure_hash`` are for the processor, ``deserialize`` is for everybody else, ``read_head`` for those who
need no tasks. Nothing is pickled,
and nothing of the author's code is needed to read.
"""

from tradewind.serialization.model import SCHEMA, DagHead, SerializedDag, SerializedGroup, SerializedTask
from tradewind.serialization.reading import deserialize, read_head
from tradewind.serialization.writing import serialize, structure_hash

__all__ = [
    "SCHEMA",
    "DagHead",
    "SerializedDag",
    "SerializedGroup",
    "SerializedTask",
    "deserialize",
    "read_head",
    "serialize",
    "structure_hash",
]
