"""What a server says of its own installation; loaded only where one is asked, as what asks it takes longer than all else here."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import open_operations, when_missing
from tradewind.config.load import Setting
from tradewind.operations import config, installation

UNKNOWN = "config-unknown-key"


def version(options: argparse.Namespace) -> str:
    """Return the server's version."""
    with open_operations(options) as operations:
        return operations.ask(installation.get_version).version


def plugins(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of `plugins list`."""
    with open_operations(options) as operations:
        found = operations.ask_all(installation.list_plugins)
    return [{"plugin": each.module, "distribution": each.source, "hooks": ", ".join(each.implements)} for each in found]


def settings(options: argparse.Namespace) -> list[Setting]:
    """Return the configuration, where the server shows it; of where a value comes from it says only whether it was set.

    Raises:
        CommandError: the options ask for what only this machine can say.
    """
    if options.defaults or options.comment_out_everything:
        word = "--defaults" if options.defaults else "--comment-out-everything"
        raise CommandError(
            f"{word} is about the release and not about a server: leave out --server, or {word}.",
            exit_code=2,
            error_id="wrong-usage",
        )
    with open_operations(options) as operations:
        found = operations.ask(config.list_config).sections
    return [
        Setting(section.name, each.key, each.value, "default" if each.is_default else "set", each.doc, secret=False)
        for section in found
        for each in section.options
    ]


def value(options: argparse.Namespace, unknown: str) -> str:
    """Return one value, where the server shows it; `unknown` is the sentence for a key that it does not have."""
    with open_operations(options) as operations, when_missing(unknown, UNKNOWN):
        found = operations.ask(config.get_option, section=options.section, option=options.key)
    return found.sections[0].options[0].value
