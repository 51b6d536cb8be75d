"""From stored versions to the graphs that transitions use."""

from __future__ import annotations

from functools import partial

from tradewind.plugins.codecs import AUTOMATIC, codec
from tradewind.serialization import deserialize
from tradewind.transitions.graph import Graphs

VERSIONS_KEPT = 256


def open_graphs(codec_name: str = AUTOMATIC) -> Graphs:
    """Return a cache of versions, read as the processor has serialized them.

    Args:
        codec_name: the setting `plugins.codec`.

    Raises:
        TradewindConfigException: there is no codec of that name.
    """
    return Graphs(VERSIONS_KEPT, loader=partial(deserialize, codec=codec(codec_name)))
