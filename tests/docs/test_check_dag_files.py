"""The page about checking DAG files, followed from top to bottom; and the hook for pre-commit that it names."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml
from tradewind.cli.dags import dags
from tradewind.cli.parser import Parser

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "check-dag-files.md"


def test_the_page_can_be_followed(follow_commands) -> None:
    follow_commands(PAGE.read_text(), "tradewind", at_least=6)


def test_the_hook_for_pre_commit_is_a_command_that_exists() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    program, group, *words = shlex.split(hook["entry"])
    parser = Parser(prog="tradewind dags")
    dags.configure(parser)
    assert (program, group) == ("tradewind", "dags")
    assert parser.parse_args([*words, "some/dag.py"]).paths == [Path("some/dag.py")]
    assert f"id: {hook['id']}" in PAGE.read_text()
