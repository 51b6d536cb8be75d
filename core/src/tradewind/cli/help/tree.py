"""All parsers of the command line, for what shows or completes every command: each command itself loads its own only."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator, Mapping

from tradewind.cli.groups import GROUPS, module_of
from tradewind.cli.parser import Parser


def group_parser(group: str) -> Parser:
    """Return the parser of a command or a group of verbs."""
    module = importlib.import_module(module_of(group))
    parser = Parser(prog=f"tradewind {group}", description=(module.__doc__ or "").strip().replace("`", "'"))
    module.configure(parser)
    return parser


def verbs_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of a group's verbs by name; none for a command that has no verbs."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to read a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return action.choices
    return {}


def every_command() -> Iterator[tuple[str, str]]:
    """Yield (words, one line of help) of each command."""
    for group, text in GROUPS.items():
        verbs = verbs_of(group_parser(group))
        if not verbs:
            yield group, text
        for name, verb in verbs.items():
            yield f"{group} {name}", (verb.description or "").partition("\n")[0]
