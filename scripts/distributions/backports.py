"""Building backports as they are published: with a version by the calendar, and release notes as their page."""

from __future__ import annotations

from pathlib import Path

from tradewind_backport_builder.build import Release, build_provider

from distributions.calver import releases_of
from distributions.facts import read_provider
from distributions.found import ROOT
from distributions.release_notes import notes, sibling_versions


def build_backport(folder: str, out: Path, root: Path = ROOT) -> Path:
    """Build the backport of a provider and return its wheel.

    Arguments:
        folder: the provider's, relative to the root.
        out: the folder of wheels.
        root: the root of the repository.

    Raises:
        DialectError: its source cannot be lowered.
        RuntimeError: nothing of it is committed.
    """
    version = releases_of(folder, root)[0].version
    told = notes(read_provider(folder, root), root)
    return build_provider(root / folder, out, Release(version, told, sibling_versions(root / folder, root)))
