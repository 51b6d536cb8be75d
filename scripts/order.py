"""The order in which tests begin: long ones in the first half, so that at the end no process is left alone with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

Item = TypeVar("Item")


def early(
    items: Sequence[Item],
    is_long: Callable[[Item], bool],
    module: Callable[[Item], object],
    is_of_many: Callable[[Item], bool] = lambda _item: False,
) -> list[Item]:
    """Return items in their order, but for the long ones, which are spread over the first half.

    Processes are given neighbours: side by side, the long ones would all be one process's. And none comes between two items of
    a module, as what these share would be made twice.

    Arguments:
        is_long: whether an item is a long one.
        module: whose item it is.
        is_of_many: whether the items of its module, which stay together, are long all in all.
    """
    long = [[item] for item in items if is_long(item)]
    modules = [list(group) for _, group in groupby((item for item in items if not is_long(item)), module)]
    whole = [group for group in modules if is_of_many(group[0])]
    others = [group for group in modules if not is_of_many(group[0])]
    return [item for group in _spread(long, _spread(whole, others)) for item in group]


def _spread(early_ones: Sequence[list[Item]], others: Sequence[list[Item]]) -> list[list[Item]]:
    """Return groups of items with some of them between the first half of the others, counted by items."""
    waiting = list(early_ones)
    half = sum(map(len, others)) / 2
    step = half / len(waiting) if waiting else 0.0
    ordered: list[list[Item]] = []
    passed = 0
    placed = 0
    for group in others:
        if waiting and passed >= placed * step:
            ordered.append(waiting.pop(0))
            placed += 1
        ordered.append(group)
        passed += len(group)
    return [*ordered, *waiting]
