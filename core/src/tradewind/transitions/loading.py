"""From stored versions to the graphs that transitions use."""

from __future__ import annotations

from dataclasses import replace

from tradewind.config import Config
from tradewind.serialization import SerializedDag, deserialize
from tradewind.transitions.graph import Graphs

VERSIONS_KEPT = 256


def open_graphs(config: Config) -> Graphs:
    """Return a cache of versions in which tasks that name no executor or queue have the configuration's."""

    def load(text: str) -> SerializedDag:
        return with_defaults(deserialize(text), executor=config.executor.default, queue=config.executor.queue)

    return Graphs(VERSIONS_KEPT, loader=load)


def with_defaults(dag: SerializedDag, *, executor: str, queue: str) -> SerializedDag:
    """Return the DAG with `executor` and `queue` for tasks that name none."""
    tasks = {
        task_id: replace(task, executor=task.executor or executor, queue=task.queue or queue)
        for task_id, task in dag.tasks.items()
    }
    return replace(dag, tasks=tasks)
