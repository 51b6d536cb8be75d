"""From stored versions to the graphs that transitions use."""

from __future__ import annotations

from tradewind.serialization import deserialize
from tradewind.transitions.graph import Graphs

VERSIONS_KEPT = 256


def open_graphs() -> Graphs:
    """Return a cache of versions, read as the processor has serialized them."""
    return Graphs(VERSIONS_KEPT, loader=deserialize)
