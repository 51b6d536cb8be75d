"""What each version of a DAG changed, in a sentence, and how many runs ran it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradewind.metadata.statements.browsing import versions
from tradewind.metadata.statements.browsing.versions import VersionRow
from tradewind.operations.context import Context, operation
from tradewind.operations.dag_versions import Change, changes_of, list_versions
from tradewind.operations.paging import Page, Paging

if TYPE_CHECKING:
    from tradewind.serialization.model import SerializedDag

NAMED = 3
"""Tasks that a sentence names; of more it tells the number."""
FOLLOWING = frozenset({"upstream", "priority", "edge_labels"})
FIRST = "The first version that is kept."


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A version among others.

    Arguments:
        version: it.
        runs: how many runs ran it.
        previous: the number of the version before it; None where none is kept.
        sentence: what it changed.
    """

    version: VersionRow
    runs: int
    previous: int | None
    sentence: str


@operation("dag_versions.list")
def list_changes(context: Context, *, dag_id: str, limit: int, offset: int) -> Page[VersionChange]:
    """Return versions of a DAG, the newest first, each with what it changed.

    Raises:
        NotFoundError: there is no such DAG.
    """
    # One more than is shown: what the last one of them changed is told by the one before
    found = list_versions(context, dag_id=dag_id, page=Paging(limit + 1, offset, is_descending=True))
    shown = found.rows[:limit]
    with context.read() as connection:
        graphs: Mapping[int, Any] = context.tools.graphs.get_all(connection, [row.id for row in found.rows])
        runs = versions.runs(connection, dag_id, [row.id for row in shown])
    names_tasks = context.may("tasks.list", dag_id)
    changes = []
    for place, row in enumerate(shown):
        before = found.rows[place + 1] if place + 1 < len(found.rows) else None
        sentence = _between(before, row, graphs, names_tasks=names_tasks)
        changes.append(VersionChange(row, runs.get(row.id, 0), before.number if before else None, sentence))
    return Page(changes, found.total)


def _between(before: VersionRow | None, after: VersionRow, graphs: Mapping[int, Any], *, names_tasks: bool) -> str:
    if before is None:
        return FIRST
    if before.id not in graphs or after.id not in graphs:
        return "One of both cannot be read."
    has_other_code = before.source_hash != after.source_hash
    return sentence_of(graphs[before.id], graphs[after.id], has_other_code=has_other_code, names_tasks=names_tasks)


def sentence_of(
    old: SerializedDag, new: SerializedDag, *, has_other_code: bool = False, names_tasks: bool = True
) -> str:
    """Return in a sentence what is otherwise in a later version.

    Arguments:
        has_other_code: whether the sources differ.
        names_tasks: whether whoever reads it may know tasks by name.
    """
    changes = own_changes(changes_of(old, new), old, new)
    fields = list(dict.fromkeys(each.field.replace("_", " ") for each in changes if each.task_id is None))
    changed = list(dict.fromkeys(each.task_id for each in changes if each.task_id is not None))
    parts = [
        f"{verb} {_some(tasks, names_tasks=names_tasks)}"
        for verb, tasks in (
            ("adds", [each for each in new.tasks if each not in old.tasks]),
            ("removes", [each for each in old.tasks if each not in new.tasks]),
            ("changes", changed),
        )
        if tasks
    ]
    if rewired := _rewired(old, new):
        parts.append(
            f"changes what {_some(rewired, names_tasks=names_tasks)} wait{'s' if len(rewired) == 1 else ''} for"
        )
    if fields:
        parts.append(f"changes the DAG's {_and(fields)}")
    if not parts:
        return (
            "Changes code only: schedule and tasks are the same."
            if has_other_code
            else "Schedule and tasks are the same."
        )
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def own_changes(changes: Iterable[Change], old: SerializedDag, new: SerializedDag) -> list[Change]:
    """Leave out what only follows from tasks and edges that are others: what a task waits for, and its effective priority."""
    shape, former = ({name: task.upstream for name, task in each.tasks.items()} for each in (new, old))
    return [each for each in changes if shape == former or each.field not in FOLLOWING]


def _rewired(old: SerializedDag, new: SerializedDag) -> list[str]:
    """Return the tasks of both versions that wait for others of these now."""
    both = old.tasks.keys() & new.tasks.keys()
    return [
        name
        for name, task in new.tasks.items()
        if name in both and both.intersection(task.upstream) != both.intersection(old.tasks[name].upstream)
    ]


def _some(tasks: Sequence[str], *, names_tasks: bool) -> str:
    if not names_tasks:
        return f"{len(tasks)} task{'s' if len(tasks) > 1 else ''}"
    if len(tasks) <= NAMED:
        return _and(tasks)
    return f"{', '.join(tasks[:NAMED])} and {len(tasks) - NAMED} more"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
