"""Writing what a parsed file defines: the decision what changes, and the one transaction that writes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import assets, roles, watchers
from tradewind.metadata.statements import parsing as statements
from tradewind.metadata.statements.parsing import CurrentDag
from tradewind.metadata.statements.roles import AccessControl
from tradewind.parsing.failures import storable
from tradewind.parsing.results import ImportFailure, ParsedDag, ParsedFile
from tradewind.serialization import DagHead, read_head
from tradewind.timetables import NullTimetable
from tradewind.transitions.calendar import next_run, to_columns
from tradewind.transitions.listings import with_listing

AssetUses = tuple[tuple[str, str, Mapping[str, Any]], ...]


@dataclass(frozen=True)
class Place:
    """Where a parsed file belongs and what its new DAGs begin as.

    Args:
        bundle: the bundle's name.
        paused: whether a DAG that does not say so itself starts paused.
        is_present: tells whether a file of the bundle is there, by its path.
    """

    bundle: str
    paused: bool
    is_present: Callable[[str], bool]


@dataclass(frozen=True)
class Recorded:
    """What a file's result brought about.

    Args:
        failure: why the file is in error: its own failure, or a DAG id that another file has; None if it is not.
        contested: ids of its DAGs that another file has.
        gone: ids that it does not define any more.
        changed: ids that are new or have new contents.
    """

    failure: ImportFailure | None
    contested: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def record(
    connection: sa.Connection, parsed: ParsedFile, fingerprint: str, place: Place, *, now: datetime, ids: Ids
) -> Recorded:
    """Write the result of importing a file; the caller's transaction holds it together.

    A file that failed keeps its DAGs as they were. A file that was read loses those it does not define any more.
    """
    current: dict[str, CurrentDag] = {}
    if parsed.failure is None:
        parsed = replace(parsed, failure=_unknown_role(connection, parsed))
    if parsed.failure is None:
        current = statements.lock_dags(connection, place.bundle, parsed.path, [dag.dag_id for dag in parsed.dags])
    plan = _Plan(parsed, place, current, now)
    if parsed.failure is None:
        plan.decide(ids)
        if plan.versions:
            statements.add_blobs(connection, parsed.blobs)
        statements.remove_versions(connection, plan.replaced)
        statements.add_versions(connection, plan.versions)
        statements.add_dags(connection, plan.new_dags)
        statements.update_dags(connection, plan.changed_dags)
        statements.deactivate_dags(connection, plan.gone)
        _record_assets(connection, plan)
        statements.put_listings(connection, plan.listings)
        statements.update_dags(connection, plan.relisted)
        limited = [row["key"] for row in plan.changed_dags if current[row["key"]].has_limits]
        statements.put_task_limits(connection, limited, plan.task_limits)
        if plan.access:
            roles.set_of_dags(connection, plan.access)
    failure = parsed.failure or plan.contested_failure()
    statements.put_file(
        connection,
        bundle_name=place.bundle,
        path=parsed.path,
        values={"fingerprint": fingerprint, "parsed_at": now, **_file_values(parsed, failure)},
    )
    changed = [row["dag_id"] for row in plan.new_dags] + [row["key"] for row in plan.changed_dags]
    return Recorded(failure, tuple(plan.contested), tuple(plan.gone), tuple(changed))


@dataclass
class _Plan:
    """What a file's result changes: rows to write, by kind."""

    parsed: ParsedFile
    place: Place
    current: Mapping[str, CurrentDag]
    now: datetime
    versions: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[int] = field(default_factory=list)
    new_dags: list[dict[str, Any]] = field(default_factory=list)
    changed_dags: list[dict[str, Any]] = field(default_factory=list)
    relisted: list[dict[str, Any]] = field(default_factory=list)
    listings: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    asset_uses: dict[str, AssetUses] = field(default_factory=dict)
    watchers: dict[str, tuple[tuple[str, str, str, str], ...]] = field(default_factory=dict)
    contested: list[str] = field(default_factory=list)
    task_limits: list[dict[str, Any]] = field(default_factory=list)
    access: dict[str, AccessControl] = field(default_factory=dict)
    _next_runs: dict[Any, dict[str, Any]] = field(default_factory=dict)

    def decide(self, ids: Ids) -> None:
        """Fill in the rows."""
        fresh = iter(ids.block(max(len(self.parsed.dags), 1)))
        for dag in self.parsed.dags:
            known = self.current.get(dag.dag_id)
            if known is None:
                self._add(dag, next(fresh))
            elif self._is_another_file_s(known):
                self.contested.append(dag.dag_id)
            elif self._has_changed(dag, known):
                self._change(dag, known, next(fresh))
            elif dag.listing is not None:
                self._list_again(dag, known)
        defined = {dag.dag_id for dag in self.parsed.dags}
        self.gone = [
            dag_id
            for dag_id, known in self.current.items()
            if known.is_active and self._is_here(known) and dag_id not in defined
        ]

    def _is_here(self, known: CurrentDag) -> bool:
        return (known.bundle, known.path) == (self.place.bundle, self.parsed.path)

    def _is_another_file_s(self, known: CurrentDag) -> bool:
        if not known.is_active or self._is_here(known):
            return False
        return known.bundle != self.place.bundle or self.place.is_present(known.path)

    def _has_changed(self, dag: ParsedDag, known: CurrentDag) -> bool:
        return self._has_new_contents(dag, known) or not known.is_active or not self._is_here(known)

    def _has_new_contents(self, dag: ParsedDag, known: CurrentDag) -> bool:
        return (known.structure_hash, known.source_hash) != (dag.structure_hash, self.parsed.source_hash)

    def _add(self, dag: ParsedDag, version_id: int) -> None:
        head = self._head(dag)
        if head.asset_uses:
            self.asset_uses[dag.dag_id] = head.asset_uses
            self.watchers[dag.dag_id] = head.watchers
        if head.access_control is not None:
            self.access[dag.dag_id] = head.access_control
        said = head.is_paused_upon_creation
        self.versions.append(self._version(dag, version_id, 1))
        self.new_dags.append(
            {
                "dag_id": dag.dag_id,
                "version_id": version_id,
                "is_paused": self.place.paused if said is None else said,
                **self._facts(head),
            }
        )

    def _change(self, dag: ParsedDag, known: CurrentDag, fresh_id: int) -> None:
        version_id = known.version_id
        if self._has_new_contents(dag, known):
            version_id = fresh_id
            self.versions.append(self._version(dag, fresh_id, known.number + (1 if known.is_used else 0)))
            if not known.is_used:
                # Replaced under a new id: whoever keeps versions in memory by their id may rely on them.
                self.replaced.append(known.version_id)
        head = self._head(dag)
        if head.asset_uses or known.names_assets:
            self.asset_uses[dag.dag_id] = head.asset_uses
            self.watchers[dag.dag_id] = head.watchers
        if head.access_control is not None or known.has_access:
            self.access[dag.dag_id] = head.access_control or {}
        facts = self._facts(head, known)
        self.changed_dags.append({"key": dag.dag_id, "version_id": version_id, **facts})

    def _head(self, dag: ParsedDag) -> DagHead:
        """Return what a DAG says of itself, with the coming runs that its own timetable has listed."""
        if dag.listing is not None:
            self.listings[dag.dag_id] = dag.listing
        return with_listing(read_head(dag.serialized), lambda _: dag.listing)

    def _list_again(self, dag: ParsedDag, known: CurrentDag) -> None:
        columns = self._next_run(self._head(dag), known.last_interval_end, makes_up=True)
        self.relisted.append({"key": dag.dag_id, **columns})

    def _version(self, dag: ParsedDag, version_id: int, number: int) -> dict[str, Any]:
        return {
            "id": version_id,
            "dag_id": dag.dag_id,
            "number": number,
            "structure_hash": dag.structure_hash,
            "source_hash": self.parsed.source_hash,
            "bundle": self.place.bundle,
            "path": self.parsed.path,
            "serialized": dag.serialized,
            "created_at": self.now,
        }

    def _facts(self, dag: DagHead, known: CurrentDag | None = None) -> dict[str, Any]:
        """Return the columns of a DAG's row that follow from its contents. New contents end a quarantine."""
        schedule = None if dag.timetable.kind == NullTimetable.kind else json.dumps(dag.timetable.to_spec())
        # Another schedule makes no run that lies in the past, unless all that are missed are asked for
        is_changed = known is not None and known.schedule != schedule
        last_interval_end = None if known is None else known.last_interval_end
        self.task_limits += [
            {"dag_id": dag.dag_id, "task_id": task_id, "per_dag": per_dag, "per_run": per_run}
            for task_id, per_dag, per_run in dag.task_limits
        ]
        return {
            "bundle": self.place.bundle,
            "path": self.parsed.path,
            "is_active": True,
            "description": storable(dag.description) if dag.description is not None else None,
            "owners": storable(", ".join(dag.owners)[:500]),
            "tags": json.dumps(dag.tags),
            "schedule": schedule,
            "max_active_runs": dag.max_active_runs,
            "max_active_tasks": dag.max_active_tasks,
            "quarantine": None,
            **self._next_run(dag, last_interval_end, makes_up=dag.catchup is True or not is_changed),
        }

    def _next_run(self, dag: DagHead, last_interval_end: datetime | None, *, makes_up: bool) -> dict[str, Any]:
        """Return the columns of a DAG's next run; a file that makes hundreds of DAGs gives most of them one schedule."""
        key = (
            dag.timetable,
            self.listings.get(dag.dag_id),
            dag.start_date,
            dag.end_date,
            dag.catchup,
            last_interval_end,
            makes_up,
        )
        if key not in self._next_runs:
            self._next_runs[key] = to_columns(next_run(dag, after=last_interval_end, now=self.now, makes_up=makes_up))
        return self._next_runs[key]

    def contested_failure(self) -> ImportFailure | None:
        """Return the error of a file that defines DAGs which are another file's, naming both."""
        if not self.contested:
            return None
        path = self.parsed.path
        told = "; ".join(
            f"{dag_id!r} is defined in {self.current[dag_id].path} and in {path}" for dag_id in self.contested
        )
        sentence = f"A DAG id belongs to one file: {told}. Give one of the DAGs another id."
        return ImportFailure(sentence, error_id="duplicate-dag-id")


def _unknown_role(connection: sa.Connection, parsed: ParsedFile) -> ImportFailure | None:
    """Return the error of a file with a DAG that gives something to a role which there is not."""
    heads = [read_head(dag.serialized) for dag in parsed.dags if roles.MARK in dag.serialized]
    named = {role: head.dag_id for head in heads for role in head.access_control or ()}
    if not named:
        return None
    unknown = sorted(named.keys() - roles.role_ids(connection, named).keys() - set(roles.BUILT_IN_NAMES))
    if not unknown:
        return None
    role = unknown[0]
    sentence = (
        f"DAG {named[role]!r}: access_control names the role {role!r}, which there is not: make it with "
        f"`tradewind roles create {role}`, and save the file again."
    )
    return ImportFailure(sentence, error_id="no-such-role")


def _record_assets(connection: sa.Connection, plan: _Plan) -> None:
    """Write where the new and changed DAGs name assets; nothing where they name none, and did not before."""
    if not plan.asset_uses:
        return
    assets.put(connection, [spec for uses in plan.asset_uses.values() for _, _, spec in uses])
    rows = {
        (assets.key_of_spec(spec), role, dag_id, task_id)
        for dag_id, uses in plan.asset_uses.items()
        for role, task_id, spec in uses
    }
    names = ("asset", "role", "dag_id", "task_id")
    dag_ids = sorted(plan.asset_uses)
    assets.refer(connection, dag_ids, [dict(zip(names, row, strict=True)) for row in sorted(rows)])
    columns = ("uri", "name", "classpath", "kwargs")
    watching = [
        {"dag_id": dag_id, **dict(zip(columns, each, strict=True))}
        for dag_id in dag_ids
        for each in plan.watchers[dag_id]
    ]
    watchers.put(connection, dag_ids, watching)


def _file_values(parsed: ParsedFile, failure: ImportFailure | None) -> dict[str, Any]:
    return {
        "inputs": parsed.inputs.to_json(),
        "source_hash": parsed.source_hash or None,
        "parse_seconds": parsed.seconds,
        "error": failure.told if failure is not None else None,
        "error_line": failure.line if failure is not None else None,
        "error_trace": failure.trace if failure is not None else None,
        "warnings": json.dumps(parsed.warnings),
        "is_present": True,
    }
