"""The DAG folder at one moment: every file with a cheap signature, without what ignore files leave out.

A look costs one ``scandir`` a folder and no reading. Comparing two looks tells what changed, also where a checkout was
swapped behind a symbolic link, and on file systems without notifications.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

Signature = tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode."""

_IGNORE_FILES = (".tradewindignore", ".airflowignore")


@dataclass(frozen=True)
class Tree:
    """What is in a folder.

    Args:
        root: the folder, links resolved: what the import sees.
        files: every file by its path relative to the root (with ``/``), with its signature.
        unlisted: files that an ignore file or a dot hides, but that an import has read all the same.
    """

    root: Path
    files: Mapping[str, Signature] = field(default_factory=dict)
    unlisted: Mapping[str, Signature] = field(default_factory=dict)

    def signature(self, path: str) -> Signature | None:
        """Return the signature of a file, listed or not; None if it is not there."""
        return self.files.get(path) or self.unlisted.get(path)

    def with_unlisted(self, paths: Iterable[str]) -> Tree:
        """Return the same tree with a look at files that are not listed."""
        found = {path: signature for path in paths if (signature := _signature_of(self.root / path)) is not None}
        return replace(self, unlisted=found) if found else self

    def changed_since(self, before: Tree) -> set[str]:
        """Return the paths that are new, changed or gone compared to ``before``."""
        listed = self.files.items() ^ before.files.items()
        hidden = self.unlisted.items() ^ before.unlisted.items()
        return {path for path, _ in listed | hidden}

    def names_in(self, folder: str) -> list[str]:
        """Return the names directly in a folder (``""`` is the root), files and folders, sorted."""
        prefix = f"{folder}/" if folder else ""
        return sorted({path[len(prefix) :].split("/", 1)[0] for path in self.files if path.startswith(prefix)})

    def digest_of_names(self, folder: str) -> str:
        """Return a text that changes when something appears in a folder or goes."""
        return "\n".join(self.names_in(folder))


class FolderUnreadable(Exception):  # noqa: N818 - a state of affairs
    """The DAG folder cannot be listed now, which is no evidence that its files are gone."""


def look(folder: Path) -> Tree:
    """Return what is in ``folder`` now.

    Raises:
        FolderUnreadable: the folder, or one in it, cannot be listed.
    """
    root = Path(os.path.realpath(folder))
    try:
        files = dict(_walk(str(root), "", (), set()))
    except OSError as error:
        raise FolderUnreadable(f"The DAG folder {folder} cannot be listed: {error.strerror or error}.") from error
    return Tree(root, files)


_Rule = Callable[[str], bool]


def _walk(
    root: str, folder: str, rules: tuple[_Rule, ...], seen: set[tuple[int, int]]
) -> Iterator[tuple[str, Signature]]:
    here = os.path.join(root, folder) if folder else root  # noqa: PTH118 - thousands of joins a second
    status = os.stat(here)  # noqa: PTH116
    if (status.st_dev, status.st_ino) in seen:
        return  # a link back to a folder above
    seen.add((status.st_dev, status.st_ino))
    with os.scandir(here) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    rules = (*rules, *_rules_in(here, folder, entries))
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.startswith(".") or entry.name == "__pycache__" or any(rule(path) for rule in rules):
            continue
        if entry.is_dir():
            yield from _walk(root, path, rules, seen)
        elif entry.is_file():
            found = _signature(entry)
            if found is not None:
                yield path, found


def _signature(entry: os.DirEntry[str]) -> Signature | None:
    try:
        return _parts(entry.stat())
    except FileNotFoundError:
        return None  # gone since the listing, or a link to nothing


def _signature_of(path: Path) -> Signature | None:
    try:
        return _parts(path.stat())
    except OSError:
        return None


def _parts(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _rules_in(here: str, folder: str, entries: Iterable[os.DirEntry[str]]) -> Iterator[_Rule]:
    for entry in entries:
        if entry.name in _IGNORE_FILES:
            lines = Path(here, entry.name).read_text(errors="replace").splitlines()
            patterns = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
            make = _glob_rule if entry.name == ".tradewindignore" else _regex_rule
            yield from (make(pattern, folder) for pattern in patterns)


def _glob_rule(pattern: str, folder: str) -> _Rule:
    """Return the rule of a line of ``.tradewindignore``: a glob for a name, or with ``/`` for a path from there."""
    wanted = pattern.strip("/")

    def matches(path: str) -> bool:
        inside = PurePosixPath(path).relative_to(folder) if folder else PurePosixPath(path)
        return fnmatch(str(inside), wanted) or ("/" not in wanted and fnmatch(inside.name, wanted))

    return matches


def _regex_rule(pattern: str, folder: str) -> _Rule:
    """Return the rule of a line of ``.airflowignore``, in Airflow 2's own syntax: a regular expression found in the
    path.
    """
    found = re.compile(pattern)
    start = len(folder) + 1 if folder else 0
    return lambda path: found.search(path[start:]) is not None
