"""What the shell asks for when Tab is pressed: commands, options, and the names that the database knows.

The protocol is argcomplete's: the shell starts `tradewind` with the line in the environment and reads candidates from it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable

import argcomplete
import argcomplete.io
import sqlalchemy as sa

from tradewind.cli.groups import GROUPS
from tradewind.cli.help.explaining import explained_ids
from tradewind.cli.help.tree import group_parser, verbs_of
from tradewind.cli.parser import Parser
from tradewind.cli.shared.session import open_session
from tradewind.metadata.statements import connections, listings, pools, variables

RUNS_OFFERED = 50


def complete() -> None:
    """Answer the shell and end the process."""
    argcomplete.autocomplete(_parser(os.environ.get("COMP_LINE", "").split()[1:]))


def _parser(words: list[str]) -> argparse.ArgumentParser:
    """Return a parser of all groups, in which only the one that the line names is filled in."""
    parser = Parser(prog="tradewind")
    groups = parser.add_subparsers()
    for name in GROUPS:
        if words[:1] != [name]:
            groups.add_parser(name)
            continue
        whole = group_parser(name)
        for each in (whole, *verbs_of(whole).values()):
            _offer_names(each)
        groups._name_parser_map[name] = whole  # noqa: SLF001 - the way to add a parser that exists already
        groups.choices[name] = whole
    return parser


def _offer_names(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to read a parser
        names = _NAMES.get(action.dest)
        if names is not None:
            action.completer = names  # type: ignore[attr-defined]


def _known(read: Callable[[sa.Connection, argparse.Namespace], Iterable[str]]) -> Callable[..., list[str]]:
    """Return a completer that offers what `read` finds; nothing where there is no database (yet)."""

    def completer(prefix: str, parsed_args: argparse.Namespace, **_more: object) -> list[str]:
        try:
            with open_session() as session, session.database.read() as connection:
                return [name for name in read(connection, parsed_args) if name.startswith(prefix)]
        except Exception as error:  # noqa: BLE001 - a line that is being typed is no place for an error
            argcomplete.io.warn(str(error))
            return []

    return completer


def _dag_ids(connection: sa.Connection, _options: argparse.Namespace) -> list[str]:
    return [each.dag_id for each in listings.list_dags(connection)]


def _run_ids(connection: sa.Connection, options: argparse.Namespace) -> list[str]:
    dag_id = getattr(options, "dag_id", None)
    return [each.run_id for each in listings.list_runs(connection, dag_id=dag_id, limit=RUNS_OFFERED)]


def _task_ids(connection: sa.Connection, options: argparse.Namespace) -> list[str]:
    runs = listings.list_runs(connection, dag_id=getattr(options, "dag_id", None), limit=1)
    return sorted({each.task_id for run in runs for each in listings.list_tasks(connection, run.id)})


_NAMES = {
    "error_id": lambda prefix, **_more: [each for each in explained_ids() if each.startswith(prefix)],
    "dag_id": _known(_dag_ids),
    "execution_date_or_run_id": _known(_run_ids),
    "run_id": _known(_run_ids),
    "task_id": _known(_task_ids),
    "pool": _known(lambda connection, _: [each.name for each in pools.list_pools(connection)]),
    "conn_id": _known(lambda connection, _: connections.list_ids(connection)),
    "key": _known(lambda connection, _: [key for key, _text in variables.list_variables(connection)]),
}
