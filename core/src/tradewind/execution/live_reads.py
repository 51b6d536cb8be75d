"""Naming what a task reads from the DAG folder, where files change, and not from its run's own version.

Lives in the processes that run DAG files only: an audit hook cannot be taken away again. It costs every audited event a
call, of which there are few, and looks at the path of those that open a file.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import time
from typing import Any

from tradewind.execution.task_log import line, write_all

WRITING = os.O_WRONLY | os.O_RDWR


class LiveReads:
    """Notes each file under the DAG folder that is read, and tells it in the task's log, once.

    Arguments:
        folder: the DAG folder as the configuration names it; links in it are followed as well.
        root: the version's own files.
    """

    def __init__(self, folder: str, root: str) -> None:
        self._places = tuple({f"{each}{os.sep}" for each in (folder, os.path.realpath(folder))})
        self._root = f"{root}{os.sep}"
        self._noted: dict[str, None] = {}
        self._is_telling = False

    def start(self) -> None:
        """Begin to note; the hook stays in this process, and in those that it forks."""
        sys.addaudithook(self._hear)

    def tell(self) -> None:
        """Begin to tell, with what the import has read before."""
        self._is_telling = True
        for path in self._noted:
            self._say(f"{path} was read while the DAG file was imported")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open":
            return
        path, _mode, flags = arguments
        if type(path) is bytes:
            path = os.fsdecode(path)
        if type(path) is not str or (isinstance(flags, int) and flags & WRITING):
            return
        if not path.startswith("/") or "/.." in path:
            path = os.path.abspath(path)  # noqa: PTH100  (on the path of every open)
        if path.startswith(self._places) and not path.startswith(self._root):
            self._note(path)

    def _note(self, path: str) -> None:
        if path.endswith(".pyc"):
            with contextlib.suppress(ValueError):
                path = importlib.util.source_from_cache(path)
        if path in self._noted or not os.path.isfile(path):  # noqa: PTH113  (as above)
            return
        self._noted[path] = None
        if self._is_telling:
            self._say(f"{path} is read")

    def _say(self, what: str) -> None:
        file, number = self._caller()
        told = (
            f"{what}: it belongs to the DAG folder, not to this run's version, so it may change under the run. "
            "Find it beside __file__, and have [dags] bundle_include name files like it"
        )
        with contextlib.suppress(OSError):  # user code closed the log
            write_all(1, f"{line(time.time(), file, number, 'WARNING', told)}\n".encode(errors="backslashreplace"))

    def _caller(self) -> tuple[str, int]:
        """Return the place in the version's code that reads."""
        frame: Any = sys._getframe(1)  # noqa: SLF001  (the documented way to the caller, as logging does it)
        while frame is not None and not frame.f_code.co_filename.startswith(self._root):
            frame = frame.f_back
        return ("worker", 0) if frame is None else (os.path.basename(frame.f_code.co_filename), frame.f_lineno)  # noqa: PTH119


_watching: list[LiveReads] = []


def watch(folder: str, root: str) -> None:
    """Begin to note what this process reads from the DAG folder `folder`; once a process."""
    if folder and not _watching:
        _watching.append(LiveReads(folder, root))
        _watching[0].start()


def tell() -> None:
    """Begin to tell in the log what is noted."""
    for each in _watching:
        each.tell()
