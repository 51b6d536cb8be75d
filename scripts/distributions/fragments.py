"""Change fragments: a small file `changes/<anything>.md` in a distribution's folder says what its next release changes.

The first line is `feature: A sentence for users.`; more may follow below it. The kind decides the next version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distributions.found import ROOT, distributions

KINDS = {"breaking": "Breaking", "feature": "New", "fix": "Fixed", "deps": "Dependencies", "docs": "Documentation"}
"""By kind, how a changelog begins its lines; the order is that of a changelog."""
_FIRST = re.compile(rf"({'|'.join(KINDS)}): (\S.*\.)\Z")


class Fragment(NamedTuple):
    """One change: its file, its kind, the sentence, and what is said below it."""

    path: Path
    kind: str
    sentence: str
    more: str = ""


def read_fragments(folder: Path) -> list[Fragment]:
    """Return the fragments of a distribution, in the order of a changelog.

    Raises:
        ValueError: one is not written as they are.
    """
    found = []
    for path in sorted((folder / "changes").glob("*")):
        first, _, more = path.read_text(encoding="utf-8").strip().partition("\n")
        match = _FIRST.match(first)
        if path.suffix != ".md" or match is None:
            raise ValueError(
                f"{path} is no change fragment: it is a file <anything>.md whose first line is "
                f"'KIND: A sentence.', and KIND is one of {', '.join(KINDS)}"
            )
        found.append(Fragment(path, match[1], match[2], more.strip()))
    return sorted(found, key=lambda each: list(KINDS).index(each.kind))


def next_version(version: str, kinds: Iterable[str]) -> str:
    """Return the version after one by SemVer: below 1 what breaks raises the minor number, and all else the patch."""
    major, minor, patch = map(int, version.split("."))
    wanted = set(kinds)
    if "breaking" in wanted:
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    if "feature" in wanted and major:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def touched(paths: Sequence[str], root: Path = ROOT) -> dict[str, list[str]]:
    """Return by distribution the paths that change what is installed: its sources and its pyproject.toml."""
    folders = sorted(distributions(root).items(), key=lambda item: -len(item[1]))  # the kit is inside of plugins-api
    found: dict[str, list[str]] = {}
    for path in paths:
        owner = next((item for item in folders if path.startswith(f"{item[1]}/")), None)
        if owner and path[len(owner[1]) + 1 :].startswith(("src/", "pyproject.toml")):
            found.setdefault(owner[0], []).append(path)
    return found


def without_fragment(paths: Sequence[str], released: Mapping[str, object], root: Path = ROOT) -> dict[str, list[str]]:
    """Return by distribution the changed paths that no changed fragment tells of.

    A distribution without a release needs none: all of it is new, and its changelog has a first entry.
    """
    folders = distributions(root)
    return {
        name: changed
        for name, changed in touched(paths, root).items()
        if name in released and not any(path.startswith(f"{folders[name]}/changes/") for path in paths)
    }
