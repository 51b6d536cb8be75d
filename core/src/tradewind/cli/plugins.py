"""Commands that plugins add to the command line."""

from __future__ import annotations

from collections.abc import Sequence

from tradewind.plugins.current import registry


def plugin_commands() -> dict[str, str]:
    """Return the commands that plugins declare: name -> one line of help."""
    return {verb.name: verb.summary for verb in registry().all("command")}


def run_plugin_command(words: Sequence[str]) -> int:
    """Run a plugin's command with the words after it and return its exit code.

    Raises:
        TradewindConfigException: it cannot be imported.
    """
    code: int | None = registry().load("command", words[0])(list(words[1:]))
    return code or 0
