"""`airflow.models.baseoperator.chain_linear`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tradewind_plugins.edges import cross_downstream
from tradewind_plugins.exceptions import TradewindException


def chain_linear(*elements: Any) -> None:
    """Make each element run after the one before it; of a list, every task after every task of the one before.

    Raises:
        TradewindException: there are fewer than two elements with tasks.
    """
    found = [_as_list(each) for each in elements]
    steps = [each for each in found if each]
    if len(steps) < 2:
        raise TradewindException("chain_linear joins at least two tasks, groups or lists of them.")
    for upstream, downstream in pairwise(steps):
        cross_downstream(upstream, downstream)


def _as_list(element: Any) -> Sequence[Any]:
    return list(element) if isinstance(element, (list, tuple)) else [element]
