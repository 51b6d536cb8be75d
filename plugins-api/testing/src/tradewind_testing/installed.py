"""What is installed: distributions and their entry points, by whichever library this Python has for it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

__all__ = ["distribution", "entry_points", "load", "provides"]


def _metadata() -> Any:
    try:
        return import_module("importlib.metadata")
    except ModuleNotFoundError:  # before Python 3.8
        return import_module("importlib_metadata")


def distribution(name: str) -> Any:
    """Return an installed distribution: `version`, `requires`, `metadata`, `entry_points`, `read_text`.

    On Airflow 1.10 that is the backport of that name.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    metadata = _metadata()
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return metadata.distribution(name.replace("tradewind-", "tradewind-backport-", 1))


def entry_points(group: str) -> Iterator[tuple[str, str]]:
    """Return name and value of each entry point of a group, of all distributions."""
    for found in _metadata().distributions():
        for each in found.entry_points:
            if each.group == group:
                yield each.name, each.value


def provides(requirement: str) -> frozenset[str]:
    """Return the top modules that the distribution of a requirement brings; none where it is not installed."""
    name = _name(requirement)
    try:
        found = distribution(name)
    except _metadata().PackageNotFoundError:
        return frozenset()
    listed = found.read_text("top_level.txt")
    if listed:
        return frozenset(listed.split())
    files = [each.parts for each in found.files or ()]
    tops = [parts[0] for parts in files if parts[-1].endswith((".py", ".so")) and parts[0] != ".."]
    return frozenset(top.partition(".")[0] for top in tops)


def _name(requirement: str) -> str:
    for end, character in enumerate(requirement):
        if not (character.isalnum() or character in "-_."):
            return requirement[:end]
    return requirement


def load(path: str) -> Any:
    """Import what `package.module:Name`, `package.module.Name` or `package.module` stands for."""
    module, colon, name = path.partition(":")
    if colon:
        return getattr(import_module(module), name)
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(import_module(module), name)
