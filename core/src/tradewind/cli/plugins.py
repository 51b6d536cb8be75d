"""Commands that plugins add to the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_plugins.host import Host, bind

from tradewind.config import load
from tradewind.plugins.current import registry
from tradewind.plugins.executors import executor_setup
from tradewind.plugins.known import hint_for_name


class CommandHost(Host):
    """What the command of a plugin may ask of this installation."""

    def executor_setup(self, name: str) -> ExecutorSetup:
        """See `Host.executor_setup`."""
        config = load().config
        return executor_setup(config, name, {**os.environ, "TRADEWIND_HOME": str(config.home)})


def plugin_commands() -> dict[str, str]:
    """Return the commands that plugins declare: name -> one line of help."""
    return {verb.name: verb.summary for verb in registry().all("command")}


def provider_of_command(word: str) -> str | None:
    """Return a sentence for a command of a known provider that is not installed; None for any other word."""
    hint = hint_for_name("command", word)
    return f"The command {word!r} comes with a provider that is not installed{hint}." if hint else None


def run_plugin_command(words: Sequence[str]) -> int:
    """Run a plugin's command with the words after it and return its exit code.

    Raises:
        TradewindConfigException: it cannot be imported.
    """
    verb = registry().load("command", words[0])
    with bind(CommandHost()):
        code: int | None = verb(list(words[1:]))
    return code or 0


def note_on_connection_type(name: str) -> str | None:
    """Return a sentence for a connection type that nothing installed has; None for one that is known, or empty."""
    if not name or name in registry().names("connection type"):
        return None
    return f"Note: no installed provider has the connection type {name!r}{hint_for_name('connection type', name)}."
