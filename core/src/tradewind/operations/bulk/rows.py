"""What is wrong with some of many rows, told by their index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.operations.context import Context
from tradewind.operations.errors import RowsError

Faults = dict[str, Mapping[str, Sequence[str]]]


def may_overwrite(context: Context, name: str, *, overwrite: bool) -> None:
    """Raise if rows are to be changed and the caller may not; `name` is the operation that changes one."""
    if overwrite:
        authorize(context.actor, TABLE[name])


def check_names(
    rows: Sequence[Mapping[str, Any]], key: str, known: Collection[str], *, what: str, field: str, overwrite: bool
) -> None:
    """Raise if a row names what is there already, or what an earlier row names.

    Arguments:
        key: under which each row has its name.
        known: names of what is there.
        what: what a row is, in one word.
        field: the argument with the rows.
        overwrite: what is there may be named.
    """
    faults: Faults = {}
    seen: set[str] = set()
    for index, row in enumerate(rows):
        name = row[key]
        if name in seen:
            faults[str(index)] = {key: [f"An earlier row has the {what} {name!r} too."]}
        elif name in known and not overwrite:
            faults[str(index)] = {key: [f"There already is a {what} {name!r}."]}
        seen.add(name)
    raise_faults(faults, field)


def raise_faults(faults: Faults, field: str, *, error_id: str = "") -> None:
    """Raise if there are any.

    Arguments:
        faults: what is wrong, by the index of the row and its own field.
        field: the argument with the rows.
    """
    if faults:
        first, wrong = next(iter(faults.items()))
        text = next(iter(wrong.values()))[0]
        more = f" ({len(faults)} rows are wrong)" if len(faults) > 1 else ""
        raise RowsError(
            f"Nothing was changed: row {first} of {field}: {text}{more}", {field: faults}, error_id=error_id
        )
