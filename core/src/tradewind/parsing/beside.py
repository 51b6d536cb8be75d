"""Folders of code beside the DAG folder, such as one of plugins: what their Python files say, as one digest each.

They belong to no version: like an installed package, what a task imports from there is what is there now.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = ("__pycache__", "node_modules")


class FolderDigests:
    """Digests of folders; a file is read again only when its time or its size is another one."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def of(self, folder: str) -> str:
        """Return the digest of the names and contents of the Python files in a folder and below."""
        found = hashlib.sha256()
        for path in sorted(_python_files(folder)):
            found.update(f"{path.relative_to(folder)} {self._of_file(path)}\n".encode(errors="surrogateescape"))
        return found.hexdigest()

    def _of_file(self, path: Path) -> str:
        try:
            status = path.stat()
            signature = (status.st_mtime_ns, status.st_size)
            known = self._known.get(path)
            if known is None or known[0] != signature:
                known = self._known[path] = (signature, hashlib.sha256(path.read_bytes()).hexdigest())
        except OSError:
            return ""  # gone since it was listed, or not to be read: another digest than any content has
        return known[1]


def folder_signature(folder: str) -> tuple[int, int, int, int] | None:
    """Return what changes with any Python file in a folder and below, at the price of a listing; None for no folder."""
    if not Path(folder).is_dir():
        return None
    found = hashlib.sha256()
    count = 0
    for path in sorted(_python_files(folder)):
        with contextlib.suppress(OSError):  # gone since it was listed
            status = path.stat()
            found.update(
                f"{path} {status.st_mtime_ns} {status.st_size} {status.st_ctime_ns}\n".encode(errors="replace")
            )
            count += 1
    return int.from_bytes(found.digest()[:8], "big"), count, 0, 0


def folders_below(folder: str) -> list[str]:
    """Return a folder and those below it that may hold Python files; nothing where there is none."""
    return [each for each, _, _ in _walk(folder)]


def _python_files(folder: str) -> Iterator[Path]:
    for each, _, names in _walk(folder):
        yield from (Path(each, name) for name in names if name.endswith(".py"))


def _walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for each, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".") and name not in _LEFT_OUT]
        yield each, below, names
