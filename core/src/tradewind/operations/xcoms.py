"""XComs: what tasks have pushed. Values are JSON: none is unpickled, and nothing of a DAG's code is imported to show one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from tradewind.execution.dataframes import is_table
from tradewind.metadata.statements.browsing import xcoms
from tradewind.metadata.statements.browsing.xcoms import XComFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging
from tradewind.plugins.named_xcoms import UnknownStorageError, open_xcom_storages

LARGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class XComView:
    """An XCom with its value; `row` is a row of `xcoms.get`."""

    row: Any
    value: Any


@operation("xcoms.list")
def list_xcoms(
    context: Context,
    *,
    page: Paging,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    key: str | None = None,
) -> Page[Any]:
    """Return the names of XComs of a task, a run, a DAG or all, in their order; not their values."""
    wanted = XComFilter(context.dags, dag_id, run_id, task_id, map_index, key)
    with context.read() as connection:
        rows = xcoms.page(connection, wanted, limit=page.limit, offset=page.offset)
        total = len(rows) + page.offset
        # The last page says by itself how many there are
        if len(rows) == page.limit or not rows:
            total = xcoms.count(connection, wanted)
    return Page(rows, total)


@operation("xcoms.get")
def get_xcom(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    key: str,
    map_index: int = -1,
    stringify: bool = True,
    deserialize: bool = False,
) -> XComView:
    """Return an XCom with its value.

    Arguments:
        stringify: the value as a text, as Python writes it, and not as JSON.
        deserialize: changes nothing, as values are JSON either way.
    Raises:
        NotFoundError: there is no such XCom, or its value is no more where it was stored.
        InvalidError: its value is too large for an answer.
    """
    wanted = XComFilter(None, dag_id, run_id, task_id, map_index, key)
    with context.read() as connection:
        row = xcoms.get(connection, wanted)
    if row is None:
        raise NotFoundError(f"Task {task_id!r} of run {run_id!r} of DAG {dag_id!r} has pushed no XCom {key!r}.")
    if row.size > LARGEST:
        raise InvalidError("xcom_key", f"The XCom has {row.size} bytes, and an answer takes {LARGEST} at most.")
    data = row.value if row.storage is None else _stored(context, row.storage)
    if isinstance(data, bytes) and is_table(data):
        # Not read here: that takes the libraries of DAGs
        value: Any = f"a table in Parquet, {row.size} bytes"
    else:
        value = json.loads(data)
    return XComView(row, str(value) if stringify else value)


def _stored(context: Context, reference: str) -> bytes:
    try:
        return open_xcom_storages(context.tools.config).get(reference)
    except UnknownStorageError as error:
        raise NotFoundError(f"The value cannot be read: {error}.") from error
    except KeyError as error:
        raise NotFoundError(f"The value of the XCom is no more in the storage under {reference!r}.") from error
