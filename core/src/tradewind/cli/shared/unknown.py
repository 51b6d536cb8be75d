"""What is said about a DAG that is not there: the nearest id, and files that could not be imported."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.cli.parser import did_you_mean
from tradewind.metadata.statements import listings


def no_such_dag(connection: sa.Connection, dag_id: str) -> str:
    """Return the sentence for a DAG id that nobody knows."""
    near = did_you_mean(dag_id, [each.dag_id for each in listings.list_dags(connection)])
    text = f"There is no DAG {dag_id!r}{near or ''}"
    note = import_errors_note(connection)
    return f"{text}{'' if near else ':'} `tradewind dags list` shows all.{f' {note}' if note else ''}"


def import_errors_note(connection: sa.Connection) -> str:
    """Return a sentence where files could not be imported, else an empty text."""
    return note_of_errors(len(listings.list_import_errors(connection)))


def note_of_errors(count: int) -> str:
    """Return the sentence on so many files that could not be imported; an empty text for none."""
    files = "1 file" if count == 1 else f"{count} files"
    return f"{files} could not be imported: `tradewind dags list-import-errors` shows why." if count else ""
