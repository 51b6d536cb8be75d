"""Many changes at once, all or none: what is wrong with each row is told by its index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.connection import Connection

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.metadata import cleaning as stored
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import cleaning, connections, pools, variables
from tradewind.metadata.statements.browsing import runs
from tradewind.metadata.statements.pools import DEFAULT_POOL
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import RowsError
from tradewind.operations.starring import STARS, unstarred_extra, unstarred_variable
from tradewind.plugins.xcoms import open_xcom_storage
from tradewind.transitions import marking
from tradewind.transitions.states import RunState

Faults = dict[str, Mapping[str, Sequence[str]]]
MARK, DELETE = "mark", "delete"
ACTIONS = (MARK, DELETE)


@operation("variables.create")
def set_variables(context: Context, *, rows: Sequence[Mapping[str, Any]], overwrite: bool = False) -> dict[str, int]:
    """Create variables, all or none; return how many were made and how many changed.

    Arguments:
        rows: `key`, `value` and maybe `description` of each.
        overwrite: change those that are there, which takes the permission to.
    Raises:
        RowsError: some are there already, or twice among the rows.
    """
    _may_overwrite(context, "variables.change", overwrite=overwrite)
    cipher = _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        found = variables.read_some(connection, [row["key"] for row in rows], cipher=cipher)
        _check(rows, "key", set(found), what="variable", field="variables", overwrite=overwrite)
        for row in rows:
            key, old = row["key"], found.get(row["key"])
            text = unstarred_variable(key, row["value"], None if old is None else old.value)
            variables.set_variable(connection, key, text, description=row.get("description"), cipher=cipher)
        entry.after = {"keys": [row["key"] for row in rows]}
        return {"created": len(rows) - len(found), "changed": len(found)}

    return context.change(work, wakes=())


@operation("connections.create")
def set_connections(context: Context, *, rows: Sequence[Mapping[str, Any]], overwrite: bool = False) -> dict[str, int]:
    """Create connections, all or none; return how many were made and how many changed.

    Arguments:
        rows: `conn_id`, `conn_type` and any other parts of each.
        overwrite: put them in the place of those that are there, which takes the permission to change them.
    Raises:
        RowsError: some are there already, or twice among the rows.
    """
    _may_overwrite(context, "connections.change", overwrite=overwrite)
    cipher = _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        found = connections.read_some(connection, [row["conn_id"] for row in rows], cipher=cipher)
        _check(rows, "conn_id", set(found), what="connection", field="connections", overwrite=overwrite)
        for row in rows:
            old = found.get(row["conn_id"])
            if old is None:
                connections.add_connection(connection, Connection(**row), cipher=cipher)
                continue
            parts = dict(row) | {"extra": unstarred_extra(row["conn_type"], row.get("extra"), old.extra)}
            if parts.get("password") == STARS:
                parts["password"] = old.password
            connections.change_connection(connection, Connection(**parts), cipher=cipher)
        entry.after = {"connections": [row["conn_id"] for row in rows]}
        return {"created": len(rows) - len(found), "changed": len(found)}

    return context.change(work, wakes=())


@operation("pools.create")
def set_pools(context: Context, *, rows: Sequence[Mapping[str, Any]], overwrite: bool = False) -> dict[str, int]:
    """Create pools, all or none; return how many were made and how many changed.

    Arguments:
        rows: `name`, `slots` and maybe `description` of each.
        overwrite: change those that are there, which takes the permission to.
    Raises:
        RowsError: some are there already, or twice among the rows, or the default pool would get another description.
    """
    _may_overwrite(context, "pools.change", overwrite=overwrite)

    def work(connection: sa.Connection, entry: Entry) -> dict[str, int]:
        found = {each.name: each for each in pools.list_pools(connection)}
        known = {row["name"] for row in rows} & set(found)
        _check(rows, "name", known, what="pool", field="pools", overwrite=overwrite)
        for row in rows:
            old = found.get(row["name"])
            text = row.get("description", None if old is None else old.description)
            if row["name"] == DEFAULT_POOL and old is not None:
                text = old.description
            pools.set_pool(connection, row["name"], slots=row["slots"], description=text)
        entry.after = {"pools": {row["name"]: row["slots"] for row in rows}}
        return {"created": len(rows) - len(known), "changed": len(known)}

    return context.change(work)


@operation("runs.change_all")
def change_runs(
    context: Context, *, dag_id: str, action: str, run_ids: Sequence[str], state: str | None = None
) -> dict[str, int]:
    """Mark or delete many runs of a DAG, all or none; return how many.

    Arguments:
        action: `mark` or `delete`, which takes the permission to delete runs.
        state: to be marked as: `success`, `failed` or `queued`.
    Raises:
        RowsError: there is no such run, it is named twice, or it cannot be deleted as it has not ended.
    """
    if action == DELETE:
        authorize(context.actor, TABLE["runs.delete"], dag_id)
    tools, ids = context.tools, context.ids

    def work(connection: sa.Connection, entry: Entry) -> list[str]:
        known = runs.keys(connection, dag_id, run_ids)
        _raise(
            {
                str(index): {"dag_run_ids": [f"DAG {dag_id!r} has no run {each!r}, or it is named twice."]}
                for index, each in enumerate(run_ids)
                if each not in known or each in run_ids[:index]
            },
            "dag_run_ids",
        )
        entry.after = {"action": action, "state": state, "runs": list(run_ids)}
        references: list[str] = []
        faults: Faults = {}
        # By their keys: in that order everybody locks runs
        for run_id, key in sorted(known.items(), key=lambda each: each[1]):
            if action == DELETE:
                done = cleaning.delete_run(connection, key)
                if done is None:
                    faults[str(run_ids.index(run_id))] = {"dag_run_ids": [f"Run {run_id!r} has not ended."]}
                else:
                    references += done.references
            elif state == RunState.QUEUED:
                marking.queue_run(connection, key, clock=tools.clock)
            else:
                marking.mark_run(connection, key, str(state), graphs=tools.graphs, clock=tools.clock, ids=ids)
        _raise(faults, "dag_run_ids")
        return references

    references = context.change(work)
    if references:
        plugins = tools.config.plugins
        stored.delete_stored(open_xcom_storage(plugins.xcom_storage, plugins.xcom_location), tuple(references))
    return {"changed": len(run_ids)}


def _may_overwrite(context: Context, name: str, *, overwrite: bool) -> None:
    if overwrite:
        authorize(context.actor, TABLE[name])


def _check(
    rows: Sequence[Mapping[str, Any]], key: str, known: set[str], *, what: str, field: str, overwrite: bool
) -> None:
    """Raise if a row names what is there already, or what an earlier row names."""
    faults: Faults = {}
    seen: set[str] = set()
    for index, row in enumerate(rows):
        name = row[key]
        if name in seen:
            faults[str(index)] = {key: [f"An earlier row has the {what} {name!r} too."]}
        elif name in known and not overwrite:
            faults[str(index)] = {key: [f"There already is a {what} {name!r}."]}
        seen.add(name)
    _raise(faults, field)


def _raise(faults: Faults, field: str) -> None:
    if faults:
        first, wrong = next(iter(faults.items()))
        text = next(iter(wrong.values()))[0]
        more = f" ({len(faults)} rows are wrong)" if len(faults) > 1 else ""
        raise RowsError(f"Nothing was changed: row {first} of {field}: {text}{more}", {field: faults})


def _cipher(context: Context) -> Cipher:
    return open_cipher(context.tools.config.security.fernet_key, context.tools.config.home)
