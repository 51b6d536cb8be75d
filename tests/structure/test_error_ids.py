"""Every error id that the code names has a page, every page belongs to an id that the code names, and errors name one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tradewind.cli.errors import WRONG_USAGE
from tradewind.cli.expected import ERROR_IDS
from tradewind.cli.help.explaining import explained_ids, explanation, title

ROOT = Path(__file__).parents[2] / "core" / "src" / "tradewind"
PAGES = explained_ids()
# Where ids stand as plain words: tables by class, and results of functions
TABLES = (
    "cli/expected.py",
    "parsing/failures.py",
    "parsing/endings.py",
    "cli/processes/background.py",
    "cli/shared/accounts.py",
    "execution/running.py",
    "execution/supervisor.py",
    "execution/task_run.py",
    "operations/errors.py",
    "transitions/daemons.py",
    "transitions/deadlines.py",
)


@pytest.fixture(scope="module")
def calls() -> list[tuple[str, ast.Call]]:
    """The calls in core's sources that say a kind or should, with their places; reading the sources takes seconds."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (is_command_error(node) or list(ids_of(node)))
    ]


def is_command_error(call: ast.Call) -> bool:
    """Tell whether a call makes what a command ends with."""
    return isinstance(call.func, ast.Name) and call.func.id == "CommandError"


def ids_of(call: ast.Call) -> Iterator[str]:
    """The ids that a call gives as `error_id`; a condition has two."""
    for word in call.keywords:
        if word.arg == "error_id":
            yield from (
                each.value
                for each in ast.walk(word.value)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def test_every_command_error_names_its_kind(calls: list[tuple[str, ast.Call]]) -> None:
    nameless = [
        place
        for place, call in calls
        if is_command_error(call) and "error_id" not in {word.arg for word in call.keywords}
    ]
    assert nameless == []


def test_every_id_has_a_page_and_every_page_an_id(calls: list[tuple[str, ast.Call]]) -> None:
    named = {each: place for place, call in calls for each in ids_of(call)}
    in_tables = {
        node.value
        for table in TABLES
        for node in ast.walk(ast.parse((ROOT / table).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in PAGES
    }
    without = {each: place for each, place in named.items() if each not in PAGES}
    assert without == {}
    assert set(PAGES) == {*named, *in_tables, WRONG_USAGE}
    assert set(ERROR_IDS.values()) <= set(PAGES)


@pytest.mark.parametrize("error_id", PAGES)
def test_a_page_says_what_it_means_and_what_to_do(error_id: str) -> None:
    page = explanation(error_id)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error_id)
    assert page.startswith("# ")
    assert not title(error_id).endswith(".")
    assert "What to do:" in page
    shown = re.findall(r"\[([a-z]+(?:-[a-z]+)+)\]$", page, re.MULTILINE)
    assert set(shown) <= {error_id}, "its example is another error's"
