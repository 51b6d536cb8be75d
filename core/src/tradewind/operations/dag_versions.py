"""Versions of a DAG: listing them, showing one with its sources, and telling what differs between two."""

from __future__ import annotations

import dataclasses
import difflib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tradewind.access.audit import starred
from tradewind.access.authorization import authorize
from tradewind.metadata.statements import sources
from tradewind.metadata.statements.browsing import versions
from tradewind.metadata.statements.browsing.versions import VersionRow
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import graph_of, require_dag
from tradewind.operations.paging import Page, Paging
from tradewind.serialization import SerializedDag
from tradewind.serialization.model import SerializedTask

LONGEST_FILE = 500_000
"""Bytes of a file above which its text is left out."""
MOST_LINES = 5000
"""Lines of a file above which it is only said that it differs: to compare takes more than proportionally long."""
# Follows from what else is told, or means nothing to people
_NOT_COMPARED = frozenset({"rank", "downstream", "tasks", "groups", "timetable", "in_scope", "setups"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a version; `text` is None where it is no text, too long, or not kept any more."""

    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """A version with its sources, and its schedule and tasks as the scheduler has them."""

    version: VersionRow
    schedule: str
    tasks: Sequence[SerializedTask]
    files: Sequence[SourceFile]


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise in the later version; `task_id` is None for what is the DAG's own."""

    task_id: str | None
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions; `sources` is a unified diff."""

    before: VersionRow
    after: VersionRow
    sources: str
    tasks_added: Sequence[str]
    tasks_removed: Sequence[str]
    changes: Sequence[Change]


@operation("dag_versions.list")
def list_versions(context: Context, *, dag_id: str, page: Paging) -> Page[VersionRow]:
    """Return the versions of a DAG that are kept, the oldest first or in another of `versions.ORDERS`.

    Raises:
        NotFoundError: there is no such DAG.
    """
    with context.read() as connection:
        require_dag(connection, dag_id)
        total = versions.count(connection, dag_id)
        rows = versions.page(
            connection,
            dag_id,
            limit=page.limit,
            offset=page.offset,
            order_by=page.order_by,
            is_descending=page.is_descending,
        )
    return Page(rows, total)


@operation("dag_versions.get")
def get_version(context: Context, *, dag_id: str, number: int) -> VersionDetails:
    """Return a version of a DAG with its sources.

    Raises:
        NotFoundError: the DAG has no such version, or it is not kept any more.
        DeniedError: its file also has a DAG that the caller may not see.
    """
    with context.read() as connection:
        row = _require(context, connection, dag_id, number)
        graph = graph_of(context, connection, row.id)
        files = _files(connection, row)
    shown = [SourceFile(path, _text(data)) for path, data in sorted(files.items())]
    return VersionDetails(row, graph.timetable.summary, tuple(graph.tasks.values()), shown)


@operation("dag_versions.compare")
def compare_versions(context: Context, *, dag_id: str, number: int, other: int) -> Comparison:
    """Return what differs between two versions of a DAG: of their sources, and of their structure.

    Raises:
        NotFoundError: the DAG has no such version, or it is not kept any more.
        DeniedError: its file also has a DAG that the caller may not see.
    """
    with context.read() as connection:
        before, after = (_require(context, connection, dag_id, each) for each in (number, other))
        old, new = (graph_of(context, connection, each.id) for each in (before, after))
        files = [_files(connection, each) for each in (before, after)]
    return Comparison(
        before,
        after,
        "".join(_unified(*files)),
        [each for each in new.tasks if each not in old.tasks],
        [each for each in old.tasks if each not in new.tasks],
        list(changes_of(old, new)),
    )


def _require(context: Context, connection: sa.Connection, dag_id: str, number: int) -> VersionRow:
    found = versions.get(connection, dag_id, number)
    if found is None:
        raise NotFoundError(f"DAG {dag_id!r} has no version {number}, or it is not kept any more.")
    for each in versions.dags_of_file(connection, found.bundle, found.path):
        authorize(context.actor, context.operation, each)
    return found


def _files(connection: sa.Connection, row: VersionRow) -> dict[str, bytes | None]:
    """Return the contents of a version's files by their paths; None where one is not kept any more."""
    stored = sources.read_blobs(connection, [row.source_hash]).get(row.source_hash)
    if stored is None:
        return {}
    names: dict[str, str] = json.loads(zlib.decompress(stored)).get("files", {})
    blobs = sources.read_blobs(connection, names.values())
    return {path: zlib.decompress(blobs[digest]) if digest in blobs else None for path, digest in names.items()}


def _text(data: bytes | None) -> str | None:
    if data is None or len(data) > LONGEST_FILE:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _unified(before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        old, new = before.get(path, b""), after.get(path, b"")
        if old == new:
            continue
        names = [path if path in files else "/dev/null" for files in (before, after)]
        lines = [(_text(each) or "").splitlines(keepends=True) for each in (old, new)]
        if None in {_text(old), _text(new)} or max(map(len, lines)) > MOST_LINES:
            yield f"--- {names[0]}\n+++ {names[1]}\n@@ It differs; it is too long, or no text. @@\n"
            continue
        for line in difflib.unified_diff(lines[0], lines[1], names[0], names[1]):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def changes_of(old: SerializedDag, new: SerializedDag) -> Iterator[Change]:
    """Return what is otherwise in a later version, of the DAG and of the tasks that both have."""
    if old.timetable.summary != new.timetable.summary:
        yield Change(None, "schedule", old.timetable.summary, new.timetable.summary)
    yield from _differing(None, old, new)
    for task_id in new.tasks:
        if task_id in old.tasks:
            yield from _differing(task_id, old.tasks[task_id], new.tasks[task_id])


def _differing(task_id: str | None, old: Any, new: Any) -> Iterator[Change]:
    for each in dataclasses.fields(new):
        before, after = getattr(old, each.name), getattr(new, each.name)
        if each.name not in _NOT_COMPARED and before != after:
            yield Change(task_id, each.name, _shown(each.name, before), _shown(each.name, after))


def _shown(name: str, value: Any) -> Any:
    """Return a value as JSON, what is called like a secret starred."""
    if isinstance(value, Mapping):  # the ends of an edge are no name in JSON
        value = {" to ".join(key) if isinstance(key, tuple) else key: each for key, each in value.items()}
    return starred({name: json.loads(json.dumps(value, default=str, skipkeys=True))})[name]
