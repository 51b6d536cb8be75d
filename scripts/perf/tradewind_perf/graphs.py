"""The graphs of the published scenarios, as the parent of each task; a task without one can run at once."""

from __future__ import annotations

from collections.abc import Sequence

Parents = Sequence[int | None]


def linear(dags: int, tasks: int) -> list[int | None]:
    """Return `dags` chains of `tasks` links."""
    return [None if number % tasks == 0 else number - 1 for number in range(dags * tasks)]


def binary_trees(dags: int, tasks: int) -> list[int | None]:
    """Return `dags` binary trees of `tasks` tasks, each filled from the top, from the left."""
    return [
        None if number == 0 else tree * tasks + (number - 1) // 2 for tree in range(dags) for number in range(tasks)
    ]


SHAPES = {"linear": linear, "tree": binary_trees}


def read(text: str) -> list[int | None]:
    """Return the graph that a word like `linear:100x10` names: shape, DAGs, tasks of each.

    Raises:
        ValueError: it names none.
    """
    shape, _, size = text.partition(":")
    dags, _, tasks = size.partition("x")
    if shape not in SHAPES or not (dags.isdigit() and tasks.isdigit()):
        raise ValueError(f"{text!r} is no graph: write linear:1x300 or tree:100x10, shape:DAGsxTASKS")
    return SHAPES[shape](int(dags), int(tasks))
