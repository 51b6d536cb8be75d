"""What becomes of each module of the plugins API on the second host."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

API: Final = "tradewind_plugins"

REPLACED: Final = frozenset({"_binding", "edges", "exceptions", "graph", "hooks", "operator", "task_node"})
"""Written by hand on top of Airflow 1.10: the operator's base with its edges, the host's binding, the hook markers."""

ABSENT: Final = frozenset({"arguments", "events", "mapped", "specs"})
"""Left out: what serves daemons, and mapped tasks, which Airflow 1.10 cannot run."""


def is_lowered(module: PurePath) -> bool:
    """Return whether a module of the plugins API, by its path inside of the package, is lowered."""
    top = module.parts[0].removesuffix(".py")
    return top not in REPLACED and top not in ABSENT


def is_dialect(file: PurePath) -> bool:
    """Return whether a file has to keep to the dialect; of the plugins API only what is lowered has to."""
    parts = file.parts
    if API not in parts[:-1]:
        return True
    inside = parts[len(parts) - parts[::-1].index(API) :]
    return is_lowered(PurePath(*inside))
