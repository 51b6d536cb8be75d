"""The generated pages are what their generator writes, and it knows everything that the code knows."""

from __future__ import annotations

import argparse
import re

import generate_reference
import pytest
from tradewind.cli.groups import GROUPS
from tradewind.cli.help.tree import group_parser, verbs_of
from tradewind.cli.parser import Parser

HOW_TO = generate_reference.PAGES.parent / "how-to"
PAGES = generate_reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_generated(name: str) -> None:
    written = (generate_reference.PAGES / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "write it again: python scripts/generate_reference.py"


def test_what_works_on_its_own_machine_only_is_said_with_the_reason() -> None:
    page = (HOW_TO / "use-the-rest-api.md").read_text(encoding="utf-8")
    table = page.partition("| On its own machine | Why |")[2].partition("\n\n")[0]
    told = {name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    local: set[str] = set()
    for group in GROUPS:
        parser = group_parser(group)
        verbs = verbs_of(parser) or {"": parser}
        here = {name for name, verb in verbs.items() if not is_remote(parser, verb)}
        local |= {group} if len(here) == len(verbs) else {f"{group} {name}" for name in here}
    assert told == local


def is_remote(group: Parser, verb: argparse.ArgumentParser) -> bool:
    return verb.get_default("run") in group.remote
