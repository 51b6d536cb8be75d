"""The DAG folder at one moment: every file with a cheap signature, without what ignore files leave out.

A look costs one ``scandir`` a folder and no reading. Comparing two looks tells what changed, also where a checkout was
swapped behind a symbolic link, and on file systems without notifications.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tradewind.parsing.beside import folder_signature
from tradewind.parsing.ignoring import NO_RULES, Rules

Signature = tuple[int, int, int, int]
"""Modification time in nanoseconds, size in bytes, inode, and the time of the last change of its status: of its rights,
or of its contents where a copy has set the modification time back."""

_LONGEST_PATH = 500


@dataclass(frozen=True)
class Tree:
    """What is in a folder.

    Args:
        root: the folder, links resolved: what the import sees.
        files: every file by its path relative to the root (with ``/``), with its signature.
        unlisted: files that an ignore file or a dot hides, but that an import has read all the same; and, by their whole paths,
            folders of code beside the root.
        problems: what cannot be read as it should, by its path, each with a sentence; every path is among the files.
        folders: the folders that were listed, and those that links in them lead to, as absolute paths.
    """

    root: Path
    files: Mapping[str, Signature] = field(default_factory=dict)
    unlisted: Mapping[str, Signature] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()

    def signature(self, path: str) -> Signature | None:
        """Return the signature of a file, listed or not; None if it is not there."""
        return self.files.get(path) or self.unlisted.get(path)

    def with_unlisted(self, paths: Iterable[str]) -> Tree:
        """Return the same tree with a look at files that are not listed."""
        signatures = {
            path: folder_signature(path) if path.startswith("/") else signature_of(self.root / path) for path in paths
        }
        found = {path: signature for path, signature in signatures.items() if signature is not None}
        return replace(self, unlisted=found) if found else self

    def changed_since(self, before: Tree) -> set[str]:
        """Return the paths that are new, changed or gone compared to ``before``."""
        listed = self.files.items() ^ before.files.items()
        hidden = self.unlisted.items() ^ before.unlisted.items()
        return {path for path, _ in listed | hidden}

    def may_have(self, path: str) -> bool:
        """Tell whether a file is there, or in a folder that cannot be listed, which is no evidence that it is gone."""
        return path in self.files or any(path.startswith(f"{folder}/") for folder in self.problems)

    def names_in(self, folder: str) -> list[str]:
        """Return the names directly in a folder (``""`` is the root), files and folders, sorted."""
        prefix = f"{folder}/" if folder else ""
        return sorted({path[len(prefix) :].split("/", 1)[0] for path in self.files if path.startswith(prefix)})

    def digest_of_names(self, folder: str) -> str:
        """Return a text that changes when something appears in a folder or goes."""
        return "\n".join(self.names_in(folder))


class FolderUnreadable(Exception):  # noqa: N818 - a state of affairs
    """The DAG folder cannot be listed now, which is no evidence that its files are gone."""


def look(folder: Path, *, ignore_syntax: str = "regexp") -> Tree:
    """Return what is in ``folder`` now.

    Args:
        folder: the DAG folder; links on the way to it are followed.
        ignore_syntax: of ``.airflowignore``: ``regexp`` or ``glob``.

    Raises:
        FolderUnreadable: the folder cannot be listed.
    """
    root = os.path.realpath(folder)
    walk = _Walk(root, ignore_syntax)
    try:
        walk.enter("", NO_RULES, os.stat(root))  # noqa: PTH116
    except OSError as error:
        raise FolderUnreadable(f"The DAG folder {folder} cannot be listed: {error.strerror or error}.") from error
    return Tree(Path(root), walk.files, problems=walk.problems, folders=tuple(dict.fromkeys(walk.folders)))


class _Walk:
    """One pass over the folder."""

    def __init__(self, root: str, ignore_syntax: str) -> None:
        self._root = root
        self._syntax = ignore_syntax
        self._seen: set[tuple[int, int]] = set()
        self.files: dict[str, Signature] = {}
        self.problems: dict[str, str] = {}
        self.folders: list[str] = []

    def enter(self, folder: str, rules: Rules, status: os.stat_result) -> None:
        """Take in a folder and those in it.

        Raises:
            OSError: it cannot be listed.
        """
        if (status.st_dev, status.st_ino) in self._seen:
            return  # a link back to a folder above
        self._seen.add((status.st_dev, status.st_ino))
        here = os.path.join(self._root, folder) if folder else self._root  # noqa: PTH118 - thousands of joins a second
        with os.scandir(here) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        self.folders.append(here)
        rules, wrong = rules.with_files_of(here, folder, [entry.name for entry in entries], self._syntax)
        for name, sentence in wrong.items():
            self._complain(f"{folder}/{name}" if folder else name, sentence, signature_of(f"{here}/{name}"))
        for entry in entries:
            if not entry.name.startswith(".") and entry.name != "__pycache__":
                self._take(entry, f"{folder}/{entry.name}" if folder else entry.name, rules)

    def _take(self, entry: os.DirEntry[str], path: str, rules: Rules) -> None:
        try:
            status = entry.stat()
        except OSError as error:
            self._lost(entry, path, rules, error)
            return
        is_folder = stat.S_ISDIR(status.st_mode)
        if rules.ignore(path, is_folder=is_folder):
            return
        if entry.is_symlink():
            self.folders.append(os.path.dirname(os.path.realpath(entry.path)))  # noqa: PTH120
        if is_folder:
            try:
                self.enter(path, rules, status)
            except OSError as error:
                self._complain(path, f"The folder cannot be listed: {error.strerror or error}.", parts(status))
        elif stat.S_ISREG(status.st_mode):
            self._add(path, parts(status))

    def _lost(self, entry: os.DirEntry[str], path: str, rules: Rules, error: OSError) -> None:
        """Report a link of a DAG file's name that leads nowhere; anything else is gone since the listing."""
        if entry.is_symlink() and _is_dag_file(path) and not rules.ignore(path, is_folder=False):
            where = "leads back to itself" if error.errno == errno.ELOOP else "leads to nothing"
            target = os.readlink(entry.path)  # noqa: PTH115
            self._complain(path, f"The symbolic link {where}: {target}.", parts(entry.stat(follow_symlinks=False)))

    def _add(self, path: str, signature: Signature) -> None:
        if len(path) > _LONGEST_PATH:
            self._complain(path, f"The path is longer than {_LONGEST_PATH} characters.", signature)
        elif not path.isprintable() and not _is_text(path):
            self._complain(path, "The file's name is not UTF-8: give it another one.", signature)
        else:
            self.files[path] = signature

    def _complain(self, path: str, sentence: str, signature: Signature | None) -> None:
        shown = path.encode("utf-8", "backslashreplace").decode()[:_LONGEST_PATH]
        self.files[shown] = signature or (0, 0, 0, 0)
        self.problems[shown] = sentence


def _is_dag_file(path: str) -> bool:
    return path.endswith((".py", ".zip"))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def signature_of(path: str | Path) -> Signature | None:
    """Return the signature of what is at ``path``, or None."""
    try:
        return parts(os.stat(path))  # noqa: PTH116
    except OSError:
        return None


def parts(status: os.stat_result) -> Signature:
    """Return the signature in a file's status."""
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns
