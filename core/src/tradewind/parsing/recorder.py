"""What an import reads, noted by an audit hook: it sees what the file's code opens, however it does so.

Lives in the forked child only: an audit hook cannot be taken away again.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tradewind.authoring.loaded_modules import modules_since, newest_module

_OUTSIDE = frozenset(
    ("os.exec", "os.posix_spawn", "os.spawn", "os.system", "socket.connect", "socket.getaddrinfo", "subprocess.Popen")
)
# These list every folder of sys.path; that a folder got another file says nothing about this DAG file.
_LISTING_THE_PATH = frozenset(("<frozen importlib._bootstrap_external>", importlib.metadata.__file__))


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Tell whether a file is opened to be written: what an import writes itself is not among its inputs."""
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


class Recorder:
    """Notes files opened and folders listed under ``root``, and whether the import reached outside.

    Args:
        root: the DAG folder.
        beside: other folders of code; those that anything was read from are noted as a whole.
    """

    def __init__(self, root: Path, beside: Sequence[str] = ()) -> None:
        self._beside = tuple(beside)
        self.used_beside: set[str] = set()
        self._root = str(root)
        self._prefix = f"{self._root}{os.sep}"
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.written: set[str] = set()
        self.reached_outside = False
        self.is_on = False
        self._newest = newest_module()

    def start(self) -> None:
        """Begin to note; the hook stays for the rest of the process."""
        self.is_on = True
        sys.addaudithook(self._hear)

    def stop(self) -> None:
        """Note nothing any more."""
        self.is_on = False

    def note_outside(self) -> None:
        """Note that the import has read something of which no change is noticed."""
        self.reached_outside = True

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open":
            self._note(arguments[0], self.written if _writes(arguments) else self.files)
        elif event in ("os.listdir", "os.scandir"):
            if sys._getframe(1).f_code.co_filename not in _LISTING_THE_PATH:  # noqa: SLF001 - the caller is the question
                self._note(arguments[0] if arguments[0] is not None else ".", self.folders)
        elif event in _OUTSIDE:
            self.reached_outside = True

    def _note(self, given: Any, noted: set[str]) -> None:
        if not isinstance(given, (str, bytes, os.PathLike)):
            return  # a file descriptor: opened by name before
        path = os.path.abspath(os.fsdecode(given))  # noqa: PTH100 - resolving links would open files of its own
        if path == self._root:
            noted.add("")
        elif path.startswith(self._prefix):
            noted.add(path[len(self._prefix) :].replace(os.sep, "/"))
        for folder in self._beside:
            if f"{path}{os.sep}".startswith(f"{folder}{os.sep}"):
                self.used_beside.add(folder)

    def local_modules(self) -> set[str]:
        """Return the source files under the root of the modules that the import loaded; for a module in a zip, that."""
        found = set()
        for _, module in modules_since(self._newest):
            origin = getattr(module, "__file__", None)
            if isinstance(origin, str) and origin.startswith(self._prefix):
                path, inside, _ = origin[len(self._prefix) :].replace(os.sep, "/").partition(".zip/")
                found.add(f"{path}.zip" if inside else path)
        return found
