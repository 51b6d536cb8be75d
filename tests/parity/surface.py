"""What Tradewind offers to authors and at the command line, in the form in which Airflow's is recorded; and the comparison.

An item is one parameter, template variable, command or flag, as one text: `dag:catchup`, `operator:retries`,
`task:multiple_outputs`, `decorator:bash`, `context:ds`, `cli:dags list`, `cli:dags list --columns`.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.authoring import dag_arguments
from tradewind.authoring.context import build_context
from tradewind.authoring.dag import DAG
from tradewind.authoring.task_decorator import task
from tradewind.cli.groups import GROUPS
from tradewind.cli.help.tree import group_parser, verbs_of
from tradewind.operators.empty import EmptyOperator
from tradewind_plugins import arguments
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ISSUE = 6
"""The issue that is worked on: what later ones build is not missing yet."""
RECORDED = HERE / "airflow-2.11.json"
OF_CALLBACKS = ("exception", "reason")
"""Template variables that only callbacks have, there as here."""


@dataclass(frozen=True)
class Difference:
    """A row of `differences.toml`: items that are not built, or not as in Airflow.

    Arguments:
        items: patterns of items, `*` standing for anything.
        reason: why, in one sentence.
        issue: where it is to be built; None where it never will be.
    """

    items: tuple[str, ...]
    reason: str
    issue: int | None

    def covers(self, item: str) -> bool:
        """Tell whether the row is about `item`."""
        return any(fnmatch.fnmatchcase(item, pattern) for pattern in self.items)


def airflow_items() -> list[str]:
    """Return the items of the recorded Airflow."""
    return list(_items(json.loads(RECORDED.read_text())))


def _items(surface: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("dag", "operator", "task", "decorator", "context"):
        yield from (f"{kind}:{name}" for name in surface[kind])
    for command, flags in surface["cli"].items():
        yield f"cli:{command}"
        yield from (f"cli:{command} {longest(flag)}" for flag in flags)


def longest(spellings: list[str]) -> str:
    """Return the spelling by which an argument is known: its longest, or the name of a positional one."""
    return max(spellings, key=len)


def our_items() -> set[str]:
    """Return the items that Tradewind takes; what it takes and ignores is not among them."""
    recorded = json.loads(RECORDED.read_text())
    found = {f"dag:{name}" for name in _parameters(DAG)} - {f"dag:{name}" for name in dag_arguments.NOT_BUILT}
    found |= {f"operator:{name}" for name in _parameters(BaseOperator)} - {f"operator:{n}" for n in arguments.NOT_BUILT}
    found |= {f"task:{name}" for name in recorded["task"] if _is_taken(name)}
    found |= {f"decorator:{name}" for name in recorded["decorator"] if hasattr(task, name)}
    found |= {f"context:{name}" for name in {*_context(), *OF_CALLBACKS}}
    ours = commands()
    for command, flags in recorded["cli"].items():
        if command in ours:
            found.add(f"cli:{command}")
            found |= {f"cli:{command} {longest(flag)}" for flag in flags if _takes(ours[command], flags, flag)}
    return found


def _parameters(cls: type) -> set[str]:
    # default_args is taken out of the arguments before the class sees them
    return set(inspect.signature(cls.__init__).parameters) - {"self"} | (
        {"default_args"} if cls is BaseOperator else set()
    )


def _is_taken(name: str) -> bool:
    """Tell whether `@task` takes a parameter, by giving it one: its own signature passes everything on."""
    if name == "python_callable":
        return callable(task(len))
    try:
        return callable(task(**{name: True})(len))
    except TradewindException:
        return False


def _context() -> set[str]:
    with DAG("page", schedule=None):
        empty = EmptyOperator(task_id="page")
    return build_context(empty, dag_run={"run_id": "page", "logical_date": "2026-01-01T00:00:00+00:00"}).names()


def _takes(ours: list[argparse.Action], flags: list[list[str]], flag: list[str]) -> bool:
    """Tell whether a command of ours takes every spelling of a flag, or has an argument in the place of a positional one."""
    if flag[0].startswith("-"):
        return any(set(flag) <= set(action.option_strings) for action in ours)
    place = [each for each in flags if not each[0].startswith("-")].index(flag)
    return place < sum(not action.option_strings for action in ours)


def commands() -> dict[str, list[argparse.Action]]:
    """Return every command of ours with its arguments."""
    found = {}
    for group in GROUPS:
        parser = group_parser(group)
        verbs = verbs_of(parser)
        if not verbs or "run" in parser._defaults:
            found[group] = [each for each in parser._actions if not isinstance(each, argparse._SubParsersAction)]
        found.update({f"{group} {name}": verb._actions for name, verb in verbs.items()})
    return found


def differences() -> list[Difference]:
    """Return the rows of `differences.toml`."""
    rows = tomllib.loads((HERE / "differences.toml").read_text())["difference"]
    return [Difference(tuple(row["items"]), row["reason"], row.get("issue")) for row in rows]


def issue_of(item: str, rows: Iterable[Difference]) -> int | None:
    """Return the issue that builds an item; None where one of its rows says that it never will be here."""
    issues = [row.issue for row in rows if row.covers(item)]
    return None if None in issues else max(issue for issue in issues if issue is not None)


def evidence() -> Evidence:
    """Return which test shows what each built item does."""
    table = tomllib.loads((HERE / "behaviours.toml").read_text())
    named = {f"{kind}:{name}": where for kind, rows in table.items() for name, where in rows.items()}
    return Evidence(named, _tests())


@dataclass(frozen=True)
class Evidence:
    """Which test shows what an item does.

    Arguments:
        named: from `behaviours.toml`: pattern of items -> `file::test`.
        tests: every test function as `file::test` -> the words in its texts.
    """

    named: Mapping[str, str]
    tests: Mapping[str, frozenset[str]]

    def of(self, item: str) -> str | None:
        """Return a test of `item`: the one that `behaviours.toml` names, or for commands one that says the item's words."""
        for pattern, where in self.named.items():
            if fnmatch.fnmatchcase(item, pattern):
                return where
        kind, _, rest = item.partition(":")
        if kind != "cli":
            return None
        return next((where for where, words in self.tests.items() if _says(words, rest)), None)

    def missing(self) -> list[str]:
        """Return the tests that `behaviours.toml` names and that are not there."""
        return sorted({where for where in self.named.values() if where not in self.tests})


def _says(words: frozenset[str], item: str) -> bool:
    """Tell whether a test's texts hold the words of a command, and a spelling of its flag."""
    command, _, flag = item.partition(" --")
    needed = [word for word in command.split() if not word.isupper()]
    spellings = _SPELLINGS.get(item, {f"--{flag}"}) if flag else set()
    return set(needed) <= words and (not flag or bool(spellings & words))


def _spellings() -> dict[str, set[str]]:
    recorded = json.loads(RECORDED.read_text())["cli"]
    return {f"{command} {longest(flag)}": set(flag) for command, flags in recorded.items() for flag in flags}


_SPELLINGS = _spellings()


def _tests() -> dict[str, frozenset[str]]:
    """Return every test function of the repository with the words in its texts, those of its decorators included."""
    found = {}
    for folder in ("core/tests", "plugins-api/tests", "providers", "tests"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    found[f"{path.relative_to(ROOT)}::{node.name}"] = frozenset(_words(node))
    return found


def _words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from each.value.split()
