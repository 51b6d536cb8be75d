"""The rows of `releases.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from distributions.found import ROOT, read_toml

FILE = "releases.toml"


class Release(NamedTuple):
    """A row: which commit a version of a distribution is built from."""

    distribution: str
    version: str
    commit: str

    @property
    def tag(self) -> str:
        """The tag of the commit: `tradewind-sqlite-0.1.0`."""
        return f"{self.distribution}-{self.version}"


def read_releases(root: Path = ROOT) -> list[Release]:
    """Return the rows, the oldest first; none where there is no such file."""
    return [Release(**row) for row in read_toml(root / FILE).get("release", [])]


def last_releases(root: Path = ROOT) -> dict[str, Release]:
    """Return the last release of each distribution that has one."""
    return {each.distribution: each for each in read_releases(root)}
