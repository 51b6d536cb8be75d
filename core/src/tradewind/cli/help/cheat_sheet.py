"""Print every command with its first line."""

from __future__ import annotations

import argparse

from tradewind.cli.help.tree import every_command


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=cheat_sheet)


def cheat_sheet(_options: argparse.Namespace) -> None:
    """Print every command with one line of what it does."""
    rows = [(words, text) for words, text in every_command()]
    width = max(len(words) for words, _ in rows)
    print("\n".join(f"tradewind {words:<{width}}  {text}" for words, text in rows))
