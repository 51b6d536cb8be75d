"""Every command line that a page shows is one that the parsers take."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest
from tradewind.cli.groups import GROUPS, module_of
from tradewind.cli.parser import Parser

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("core/src/tradewind/explanations/*.md"),
        *ROOT.glob("*/README.md"),
        *ROOT.glob("providers/*/README.md"),
        ROOT / "README.md",
    ]
)
SHOWN = re.compile(
    r"^(?:    +|\$ |    \$ )(?:\.venv/bin/)?tradewind ([^\n…#]+)(?:#.*)?$|`tradewind ([a-z][^`\n…]*)`", re.MULTILINE
)


def shown(page: Path) -> list[str]:
    """The command lines of a page, without `tradewind` and without the sentence's placeholders such as DAG_ID."""
    found = [first or second for first, second in SHOWN.findall(page.read_text(encoding="utf-8"))]
    return [line for line in found if "COMMAND" not in line and "|" not in line and line.split()[0] in GROUPS]


@pytest.mark.parametrize("page", [page for page in PAGES if shown(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_taken(page: Path) -> None:
    for line in shown(page):
        group, *words = shlex.split(line)
        parser = Parser(prog=f"tradewind {group}")
        importlib.import_module(module_of(group)).configure(parser)
        is_name = len(words) < 2  # `tradewind dags trigger` in a sentence names the verb
        assert exit_code(parser, [*words, "--help"] if is_name else words) == 0, f"no such command: tradewind {line}"


def exit_code(parser: Parser, words: list[str]) -> object:
    """Return the code that the parser ends the process with, 0 if it does not."""
    try:
        parser.parse_args(words)
    except SystemExit as end:
        return end.code
    return 0
