"""What is known of the plugins: who they are, which hooks they implement, what they declare.

Plain values, as on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tradewind_plugins.values import Value, field


class Plugin(Value):
    """A module of hook implementations.

    Arguments:
        name: the entry point's name, or the module's.
        module: what to import.
        distribution: who brings it, as `name version`; for people.
        refused: why it is not imported at all, and what to do; empty for nearly every plugin.
    """

    name: str
    module: str
    distribution: str
    refused: str = ""


class Stamp(NamedTuple):
    """A plugin module's file and the time of its last change in nanoseconds: an edit in a checkout is noticed by it."""

    file: str
    time: int


class Entry(NamedTuple):
    """One declaration: the index of its plugin, and the fields of its value."""

    plugin: int
    fields: Mapping[str, Any]


class Catalogue(Value):
    """All that the plugins declare.

    Arguments:
        plugins: those that could be imported, the first to win first.
        hooks: for each of them the hooks it implements that this version calls.
        stamps: for each of them its file, or None.
        entries: by kind and key (the name, or the path where names may repeat).
        problems: sentences about what was left out and why.
        is_whole: every plugin that is not refused could be imported. If not, the next start tries again: what is mended is noticed.
    """

    plugins: tuple[Plugin, ...]
    hooks: tuple[tuple[str, ...], ...]
    stamps: tuple[Stamp | None, ...]
    entries: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    is_whole: bool = True
