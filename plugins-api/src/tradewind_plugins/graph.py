"""The stack of what is being built: which DAG and which group a new task joins.

``with DAG(...)`` and ``with TaskGroup(...)`` push a :class:`Frame`; an operator constructed inside joins its top.
The kernel knows DAGs and groups only through :class:`GraphBuilder` and :class:`GroupBuilder`, so that a provider's
operators work wherever somebody implements these two: in Tradewind's core, and in the backport runtime.

The stack lives in a context variable. ``_get_frames`` and ``_set_frames`` are its only users: the backport runtime,
whose Python has no context variables, replaces these two functions and nothing else.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradewind_plugins.task_node import TaskNode


class GraphBuilder:
    """What a task needs from the DAG it joins. Core's ``DAG`` derives from it."""

    dag_id: str
    default_args: dict[str, Any]

    def add_task(self, task: TaskNode) -> None:
        """Take in ``task``; raises ``DuplicateTaskIdFound`` when its id is taken."""
        raise NotImplementedError

    def has_task(self, task_id: str) -> bool:
        """Tell whether a task or a group of that full id is there."""
        raise NotImplementedError

    def get_task(self, task_id: str) -> TaskNode:
        """Return the task of that full id; raises ``TaskNotFound``."""
        raise NotImplementedError

    def set_edge_label(self, upstream_id: str, downstream_id: str, label: str) -> None:
        """Write ``label`` on the edge between two tasks."""
        raise NotImplementedError

    def root(self) -> GroupBuilder:
        """Return the group that holds everything in this DAG."""
        raise NotImplementedError


class GroupBuilder:
    """What a task needs from the group it joins. Core's ``TaskGroup`` derives from it."""

    group_id: str | None

    def builder(self) -> GraphBuilder | None:
        """Return the DAG that the group is part of, if it has one already."""
        raise NotImplementedError

    def child_id(self, label: str) -> str:
        """Return the full id of a child called ``label``, prefixed as the group asks."""
        raise NotImplementedError

    def merged_default_args(self) -> dict[str, Any]:
        """Return the default arguments of this group and those around it, the innermost winning."""
        raise NotImplementedError

    def add_child(self, task: TaskNode) -> None:
        """Take in ``task``."""
        raise NotImplementedError

    def mapped(self) -> GroupBuilder | None:
        """Return this group, or the innermost around it, that is mapped; None where none is."""
        return None


class Frame:
    """One entry of the stack: a DAG, and the group in it that new tasks join."""

    __slots__ = ("dag", "group")

    def __init__(self, dag: GraphBuilder | None, group: GroupBuilder | None) -> None:
        self.dag = dag
        self.group = group


EMPTY = Frame(None, None)
DETACHED = Frame(None, None)
"""On top while an instance of a mapped task is made: it joins nothing, and its arguments make no edges."""

_frames: ContextVar[tuple[Frame, ...]] = ContextVar("tradewind_frames", default=())


def _get_frames() -> tuple[Frame, ...]:
    return _frames.get()


def _set_frames(frames: tuple[Frame, ...]) -> None:
    _frames.set(frames)


def current_frame() -> Frame:
    """Return the innermost frame, or an empty one outside of any DAG."""
    frames = _get_frames()
    return frames[-1] if frames else EMPTY


def push_frame(frame: Frame) -> None:
    """Enter ``frame``: tasks constructed from now on join it."""
    _set_frames((*_get_frames(), frame))


def pop_frame() -> None:
    """Leave the innermost frame."""
    _set_frames(_get_frames()[:-1])
