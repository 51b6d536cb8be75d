"""A version's code as files: read-only, under the hash of its sources, the same relative tree as in the DAG folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

FILE_MODE = 0o444
FOLDER_MODE = 0o555
DRAFT = ".draft-"
Blobs = Callable[[Iterable[str]], dict[str, bytes]]


class VersionUnavailable(Exception):  # noqa: N818  (a state of affairs)
    """The sources of a version cannot be made files; the message is the sentence for people."""


@dataclass(frozen=True)
class VersionFiles:
    """Where a version's code is: `root` is first on `sys.path`, `path` is the DAG file, relative to it."""

    root: Path
    path: str


class VersionStore:
    """The materialised versions under `<home>/versions`.

    Arguments:
        folder: where they are; shared by all workers of the host.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, VersionFiles] = {}

    def materialise(self, source_hash: str, blobs: Blobs) -> VersionFiles:
        """Return a version's files, writing them when they are not there yet.

        Arguments:
            blobs: reads compressed blobs by hash from the metadata database.
        Raises:
            VersionUnavailable: the database lacks the sources, or they name a path outside the version's folder.
        """
        known = self._known.get(source_hash)
        if known is not None and os.path.exists(known.root):  # noqa: PTH110  (once for every try)
            return known
        manifest = self._manifest(source_hash, blobs)
        root = self.folder / source_hash
        if not root.exists():
            try:
                self._write(root, _paths(manifest), blobs)
            except OSError as error:
                raise VersionUnavailable(
                    f"the files of version {source_hash[:12]} cannot be written to {self.folder}: {error.strerror or error}"
                ) from error
        self._known[source_hash] = VersionFiles(root, str(manifest["path"]))
        return self._known[source_hash]

    def _manifest(self, source_hash: str, blobs: Blobs) -> dict[str, Any]:
        found = blobs([source_hash])
        if source_hash not in found:
            raise VersionUnavailable(
                f"the sources of version {source_hash[:12]} are not in the database; parse its DAG file again"
            )
        manifest: dict[str, Any] = json.loads(zlib.decompress(found[source_hash]))
        return manifest

    def _write(self, root: Path, files: dict[PurePosixPath, str], blobs: Blobs) -> None:
        """Write the tree beside its place and rename it there, so that nobody sees half of it."""
        contents = blobs(set(files.values()))
        missing = sorted(str(path) for path, each in files.items() if each not in contents)
        if missing:
            raise VersionUnavailable(f"the database lacks the contents of {missing[0]} of version {root.name[:12]}")
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=self.folder))
        try:
            for path, each in files.items():
                target = draft / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(zlib.decompress(contents[each]))
                target.chmod(FILE_MODE)
            _rename(draft, root)
        finally:
            if draft.exists():
                shutil.rmtree(draft)
        _seal_folders(root)

    def remove(self, source_hash: str) -> None:
        """Remove a version's files, which no run needs any more; nobody sees half of them."""
        self._known.pop(source_hash, None)
        root = self.folder / source_hash
        if root.exists():
            for folder, _names, _files in os.walk(root):
                Path(folder).chmod(0o755)
            shutil.rmtree(root.rename(root.with_name(f"{DRAFT}{source_hash}")))

    def written_before(self, moment: float) -> list[str]:
        """Return the source hashes of versions whose files were written before a moment, in seconds since 1970."""
        folders = self.folder.iterdir() if self.folder.exists() else ()
        return sorted(
            path.name for path in folders if not path.name.startswith(DRAFT) and path.stat().st_mtime < moment
        )


def _paths(manifest: dict[str, Any]) -> dict[PurePosixPath, str]:
    files = {PurePosixPath(path): str(each) for path, each in manifest["files"].items()}
    wrong = next((path for path in files if path.is_absolute() or ".." in path.parts), None)
    if wrong is not None:
        raise VersionUnavailable(f"the sources of a version name {wrong}, which is outside its folder")
    return files


def _rename(draft: Path, root: Path) -> None:
    try:
        draft.chmod(0o755)
        draft.rename(root)
    except OSError:
        if not root.exists():  # otherwise another worker was faster: its tree is the same
            raise


def _seal_folders(root: Path) -> None:
    for folder, _names, _files in os.walk(root, topdown=False):
        Path(folder).chmod(FOLDER_MODE)
