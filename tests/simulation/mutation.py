"""Breaking the product in named ways: the registry, and the patching."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

Patches = list[Any]
MUTANTS: dict[str, Callable[[Any], Patches]] = {}


def mutant(make: Callable[[Any], Patches]) -> Callable[[Any], Patches]:
    """Register a mutant under its function's name; it gets the simulation's database."""
    MUTANTS[make.__name__.replace("_", "-")] = make
    return make


@contextlib.contextmanager
def mutated(name: str | None, database: Any) -> Iterator[None]:
    """Break the product in the named way while the block runs; None leaves it whole.

    Raises:
        AttributeError: when the product has no longer the place that the mutant breaks.
    """
    with contextlib.ExitStack() as stack:
        for patch in MUTANTS[name](database) if name else []:
            stack.enter_context(patch)
        yield


def swap(place: Any, name: str, value: Any) -> Any:
    """Return a patch of one attribute; entering it fails where the attribute is gone."""
    return mock.patch.object(place, name, value)
