"""The DAG and the run that a verb names, found by operations: here, or by a server. What is not there gets a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tradewind_plugins.exceptions import DagNotFound

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.operating import Operations
from tradewind.cli.shared.unknown import note_of_errors
from tradewind.cli.shared.values import as_instant
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.metadata.statements.browsing.parts import Between
from tradewind.metadata.statements.browsing.runs import RunFilter
from tradewind.operations.context import Named
from tradewind.operations.dags.reading import get_dag, list_dags
from tradewind.operations.errors import NotFoundError
from tradewind.operations.import_errors import list_import_errors
from tradewind.operations.paging import Paging
from tradewind.operations.runs.reading import get_run, list_runs

Result = TypeVar("Result")
ONE = Paging(limit=1)
NEWEST = Paging(limit=1, order_by="id", is_descending=True)


@contextmanager
def naming_dag(operations: Operations, dag_id: str) -> Iterator[None]:
    """Name the nearest id where the block asks for a DAG that is not there.

    Raises:
        CommandError: there is no such DAG.
    """
    try:
        yield
    except (NotFoundError, DagNotFound) as error:
        if getattr(error, "error_id", "no-such-dag") != "no-such-dag":
            raise
        raise CommandError(_no_such_dag(operations, dag_id), error_id="no-such-dag") from error


def ask_of_dag(operations: Operations, run: Named[..., Result], *, dag_id: str, **arguments: Any) -> Result:
    """Have an operation done that is about one DAG; raises what it raises.

    Raises:
        CommandError: there is no such DAG; the message names the nearest id.
    """
    with naming_dag(operations, dag_id):
        return operations.ask(run, dag_id=dag_id, **arguments)


def find_run(operations: Operations, dag_id: str, name: str) -> Any:
    """Return a run by its id, or by its logical date in ISO 8601 (the newest, where several have it).

    Raises:
        CommandError: there is no such run.
    """
    try:
        return operations.ask(get_run, dag_id=dag_id, run_id=name)
    except NotFoundError:
        moment = as_instant(name)
    if moment is not None:
        of_that_date = RunFilter(logical=Between(moment, moment))
        found = operations.ask(list_runs, dag_id=dag_id, wanted=of_that_date, page=NEWEST).rows
        if found:
            return found[0]
    require_dag(operations, dag_id)
    raise CommandError(
        f"There is no run {name!r} of a DAG {dag_id!r}: `tradewind dags list-runs -d {dag_id}` shows its runs.",
        error_id="no-such-run",
    )


def require_dag(operations: Operations, dag_id: str) -> None:
    """Return if there is such a DAG, or if that is not for whoever asks.

    Raises:
        CommandError: there is none; the message names the nearest id.
    """
    if_allowed(lambda: ask_of_dag(operations, get_dag, dag_id=dag_id), None)


def import_errors_note(operations: Operations) -> str:
    """Return a sentence where files could not be imported, else, or where that is not for whoever asks, an empty text."""
    return note_of_errors(if_allowed(lambda: operations.ask(list_import_errors, page=ONE).total, 0))


def if_allowed(ask: Callable[[], Result], otherwise: Result) -> Result:
    """Return what is asked for beside what a verb is about, or something else where that is not for whoever asks."""
    try:
        return ask()
    except CommandError as error:
        if error.error_id != "no-permission":
            raise
        return otherwise


def _no_such_dag(operations: Operations, dag_id: str) -> str:
    known: list[str] = if_allowed(
        lambda: [each.row.dag_id for each in operations.ask_all(list_dags, wanted=DagFilter())], []
    )
    near = did_you_mean(dag_id, known)
    note = import_errors_note(operations)
    text = f"There is no DAG {dag_id!r}{near or ':'} `tradewind dags list` shows all."
    return f"{text} {note}" if note else text
