"""One assertion over a whole folder of DAG files: each can be imported and makes DAGs that an installation could run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

from tradewind.parsing.checking import CheckedFile, check, targets
from tradewind.plugins.behaviour import policies, prepare_imports
from tradewind.testing.lookups import FakeLookups
from tradewind.testing.runs import surroundings


def assert_dag_integrity(
    folder: Path | str,
    *,
    connections: dict[str, Any] | None = None,
    variables: dict[str, Any] | None = None,
    warnings: bool = True,
) -> None:
    """Import every DAG file of a folder as the processor does, each in a process of its own, and fail for what is wrong.

    Arguments:
        connections, variables: what files find that read some while they are imported.
        warnings: whether a warning fails too.
    Raises:
        AssertionError: naming each file with its line and what is wrong with it; or that the folder has no DAG at all.
    """
    path = Path(folder).absolute()
    with surroundings(connections, variables) as (config, lookups):
        prepare_imports()
        policies()  # found once, before the first fork
        found = targets([path], dags_folder=path, ignore_syntax=config.dags.ignore_file_syntax)
        checked = sorted(check(found, config, _answers(lookups), shown=str), key=lambda each: each.file)
    wrong = [line for each in checked for line in _lines(each, warnings=warnings)]
    if not any(each.dags for each in checked) and not wrong:
        wrong = [f"{path} has no file that makes a DAG"]
    if wrong:
        raise AssertionError("\n".join(wrong))


def _lines(checked: CheckedFile, *, warnings: bool) -> list[str]:
    errors = [f"{checked.file}{f':{each.line}' if each.line else ''}: {each.told}" for each in checked.errors]
    return errors + [f"{checked.file}: {text}" for text in checked.warnings if warnings]


def _answers(lookups: FakeLookups) -> Callable[[str, str], Any]:
    def answer(kind: str, name: str) -> Any:
        if kind == "table":
            raise TradewindException("a test has no tables of an installation; read them inside tasks")
        if kind == "variable":
            return lookups.variable(name)
        try:
            return lookups.connection(name).to_dict()
        except TradewindNotFoundException:
            return None

    return answer
