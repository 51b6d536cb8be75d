"""The markers of hooks. This is the only module that needs pluggy.

A provider's plugin module implements hooks by name:

    from tradewind_plugins.hooks import hookimpl

    @hookimpl
    def tradewind_operators():
        return [Declared(path="tradewind_sqlite.operators.sqlite:SqliteOperator")]

The specs are in `tradewind_plugins.specs`; the manual with an example each is `docs/reference/hooks.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pluggy

__all__ = ["PROJECT", "ProcessKind", "behaving", "declaring", "hookimpl", "hookspec"]

PROJECT = "tradewind"
"""The name of the entry point group in which distributions list their plugin modules."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

F = TypeVar("F", bound=Callable[..., Any])


class ProcessKind:
    """The kinds of processes in which plugin code may run."""

    COLLECT = "collect"
    """Whichever process first runs after the installed distributions changed."""
    PARSE = "parse"
    """The child that imports a DAG file."""
    TASK = "task"
    """The child that runs one try of a task, and `dags test`."""
    SCHEDULER = "scheduler"
    """A scheduler, between two rounds of its work: what takes long there holds up every DAG."""


def declaring(spec: F) -> F:
    """Mark the spec of a hook that declares something: called without arguments, returns frozen values."""
    spec.runs_in = (ProcessKind.COLLECT,)  # type: ignore[attr-defined]
    spec.is_declaring = True  # type: ignore[attr-defined]
    return hookspec(spec)


def behaving(*kinds: str) -> Callable[[F], F]:
    """Mark the spec of a hook that acts: called with one event, in these kinds of processes only."""

    def mark(spec: F) -> F:
        spec.runs_in = kinds  # type: ignore[attr-defined]
        spec.is_declaring = False  # type: ignore[attr-defined]
        return hookspec(spec)

    return mark
