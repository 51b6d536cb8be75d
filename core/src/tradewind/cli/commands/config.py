"""Show the configuration and where each value comes from."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.config import load


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_settings))
    get = verbs.add("get-value", get_value)
    get.add_argument("section", help="such as web")
    get.add_argument("key", help="such as port")


def list_settings(options: argparse.Namespace) -> None:
    """List every key with its value, its source and what it does; secrets are stars."""
    rows = [
        {"key": f"{each.section}.{each.key}", "value": each.shown, "source": each.source, "what it does": each.doc}
        for each in load().settings
    ]
    print_rows(rows, options.output)


def get_value(options: argparse.Namespace) -> None:
    """Print one value; secrets are stars."""
    for each in load().settings:
        if (each.section, each.key) == (options.section, options.key):
            print(each.shown)
            return
    raise CommandError(f"There is no key {options.section}.{options.key}: `tradewind config list` shows every key.")
