"""Serialization: DAGs as JSON, for all that must know a DAG without importing its file.

``serialize`` and ``structure_hash`` are for the processor, ``deserialize`` is for everybody else. Nothing is pickled,
and nothing of the author's code is needed to read.
"""

from tradewind.serialization.model import SCHEMA, SerializedDag, SerializedGroup, SerializedTask
from tradewind.serialization.reading import deserialize
from tradewind.serialization.writing import serialize, structure_hash

__all__ = [
    "SCHEMA",
    "SerializedDag",
    "SerializedGroup",
    "SerializedTask",
    "deserialize",
    "serialize",
    "structure_hash",
]
