"""The order in which tests begin: long ones in the first half, so that at the end no process is left alone with one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def early(items: Sequence[Item], is_long: Callable[[Item], bool], module: Callable[[Item], object]) -> list[Item]:
    """Return items in their order, but for the long ones, which are spread over the first half.

    Processes are given neighbours: side by side, the long ones would all be one process's. And none comes between two items of
    a module, as what these share would be made twice.

    Arguments:
        is_long: whether an item is a long one.
        module: whose item it is.
    """
    long = deque(item for item in items if is_long(item))
    others = [item for item in items if not is_long(item)]
    step = len(others) / (2 * len(long)) if long else 0.0
    ordered: list[Item] = []
    due, before = 0.0, None
    for position, item in enumerate(others):
        if long and position >= due and module(item) != before:
            ordered.append(long.popleft())
            due += step
        ordered.append(item)
        before = module(item)
    return [*ordered, *long]
