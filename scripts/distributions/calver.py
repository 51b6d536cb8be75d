"""The versions of backports: CalVer, `YYYY.M.D`, the day of the last change that they are built from.

A provider's backport is released when the provider changed. Its releases are the rows of releases.toml, and what came after the
last of them. A second one of a day is `YYYY.M.D.1`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distributions.found import ROOT, distributions, name_of
from distributions.git import git
from distributions.rows import read_releases


class Commit(NamedTuple):
    """A commit: its abbreviated hash, the day as YYYY-MM-DD, and its subject."""

    hash: str
    day: str
    subject: str


class BackportRelease(NamedTuple):
    """A release of a backport.

    Arguments:
        version: by the calendar.
        provider: the version of the provider that it is built from; what came after that is said by a `+`.
        commits: what it brings, the newest first.
    """

    version: str
    provider: str
    commits: Sequence[Commit]


def releases_of(folder: str, root: Path = ROOT) -> list[BackportRelease]:
    """Return the releases of a provider's backport, the newest first: the first is what is built now.

    Raises:
        RuntimeError: Git does not know the provider, as nothing of it is committed.
    """
    name = name_of(root / folder)
    ends = [(each.commit, each.version) for each in read_releases(root) if each.distribution == name]
    ends.append(("HEAD", f"{ends[-1][1]}+" if ends else _version_here(folder, root)))
    found, since, taken = list[BackportRelease](), "", dict[str, int]()
    for commit, version in ends:
        commits = _commits(f"{since}..{commit}" if since else commit, folder, root)
        if commits:
            day = ".".join(str(int(part)) for part in max(each.day for each in commits).split("-"))
            again = taken.get(day, 0)
            taken[day] = again + 1
            found.insert(0, BackportRelease(f"{day}.{again}" if again else day, version, commits))
        since = commit
    if not found:
        raise RuntimeError(f"Git knows nothing of {folder}: commit it first, as the version of its backport is a day")
    return found


def version_of_backport(name: str, root: Path = ROOT) -> str:
    """Return the version of the backport of a provider that is called so."""
    return releases_of(distributions(root)[name], root)[0].version


def _version_here(folder: str, root: Path) -> str:
    text = (root / folder / "pyproject.toml").read_text(encoding="utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("version = "))


def _commits(reach: str, folder: str, root: Path) -> list[Commit]:
    """Return the commits that change what a backport is built from."""
    words = ["log", "--no-merges", "--date=short", "--abbrev=9", "--format=%h%x09%cd%x09%s", reach]
    lines = git(*words, "--", f"{folder}/src", f"{folder}/pyproject.toml", root=root).splitlines()
    return [Commit(*line.split("\t", 2)) for line in lines]
