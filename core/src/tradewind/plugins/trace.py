"""The trace switch: `TRADEWIND_TRACE_PLUGINS=1` prints every hook call with its implementations and results."""

from __future__ import annotations

import os
import sys

SWITCH = "TRADEWIND_TRACE_PLUGINS"


def tracing() -> bool:
    """Return whether the switch is on."""
    return os.environ.get(SWITCH, "") not in {"", "0"}


def trace(hook: str, plugin: str, argument: object, result: object) -> None:
    """Print one call of one implementation to stderr, if the switch is on."""
    if tracing():
        shown = "" if argument is None else repr(argument)
        print(f"[plugins] {hook}({shown}) by {plugin} -> {result!r}", file=sys.stderr)
