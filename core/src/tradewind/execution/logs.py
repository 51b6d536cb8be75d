"""The log store of local files: one file per try, appended while it runs, read in pages, followed live.

A file's path under `logs.folder` is the log's key (see `log_keys`).
"""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tradewind_plugins.contracts.log_store import LogStore, LogStoreCapabilities

from tradewind.execution.log_keys import names_of_run

PAGE = 256 * 1024
OPEN_FILES = 64


@dataclass(frozen=True)
class LogPage:
    """A part of a log: the bytes, and the offset at which the next page begins."""

    data: bytes
    next_offset: int


class FileLogStore(LogStore):
    """Logs as files in a folder. Written by one supervisor per try; read by anybody.

    What was put is safe from the end of this process, not from the end of the machine: no fsync per task.

    Arguments:
        location: the path of the folder; made when the first log is written.
    """

    capabilities = LogStoreCapabilities(append=True, delete_prefix=True)

    def __init__(self, location: str | Path) -> None:
        self.folder = Path(location)
        self._place = f"{self.folder}{os.sep}"
        self._open: OrderedDict[str, int] = OrderedDict()

    def path(self, key: str) -> Path:
        """Return the file of a key."""
        return self.folder / key

    def put_chunk(self, key: str, offset: int, data: bytes) -> None:
        """See `LogStore.put_chunk`."""
        descriptor = self._descriptor(key)
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            offset += written
            view = view[written:]

    def size(self, key: str) -> int:
        """See `LogStore.size`."""
        try:
            return os.stat(self._place + key).st_size  # noqa: PTH116  (once for every try)
        except FileNotFoundError:
            return 0

    def seal(self, key: str) -> None:
        """See `LogStore.seal`."""
        descriptor = self._open.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)

    def read(self, key: str, offset: int = 0, limit: int | None = None) -> bytes:
        """See `LogStore.read`."""
        try:
            with self.path(key).open("rb") as file:
                file.seek(offset)
                return file.read(-1 if limit is None else limit)
        except FileNotFoundError:
            return b""

    def page(self, key: str, offset: int = 0, limit: int = PAGE) -> LogPage:
        """Return up to `limit` bytes from `offset`, ended at a line's end where there is one."""
        data = self.read(key, offset, limit)
        if len(data) == limit and b"\n" in data:
            data = data[: data.rindex(b"\n") + 1]
        return LogPage(data, offset + len(data))

    def follow(
        self, key: str, *, is_ended: Callable[[], bool], pause: Callable[[], None], offset: int = 0
    ) -> Iterator[bytes]:
        """Yield a log's bytes as they are written, until the try has ended and all of it was read.

        Arguments:
            is_ended: asked before each look, so that nothing written before the end is missed.
            pause: waits until there may be more; called after a look that found nothing.
        """
        while True:
            ended = is_ended()
            page = self.page(key, offset)
            if page.data:
                offset = page.next_offset
                yield page.data
            elif ended:
                return
            else:
                pause()

    def delete(self, prefix: str) -> int:
        """See `LogStore.delete`."""
        if prefix.endswith("/"):
            return self._delete_folder(prefix)
        keys = [key for key in self.keys() if key.startswith(prefix)]
        for key in keys:
            self.seal(key)
            self.path(key).unlink(missing_ok=True)
        for folder in sorted({self.path(key).parent for key in keys}, reverse=True):
            if not any(folder.iterdir()):
                shutil.rmtree(folder)
        return len(keys)

    def _delete_folder(self, prefix: str) -> int:
        for key in [each for each in self._open if each.startswith(prefix)]:
            self.seal(key)
        folder = self.path(prefix)
        if not folder.is_dir():
            return 0
        number = sum(1 for _ in folder.rglob("*.log"))
        shutil.rmtree(folder)
        return number

    def move(self, prefix: str, new_prefix: str) -> int:
        """Move the logs of one folder to another, file by file where that is there already; return how many there were."""
        source, target = self.path(prefix), self.path(new_prefix)
        files = sorted(source.rglob("*.log"))
        if files and not target.exists():
            source.rename(target)
            return len(files)
        for file in files:
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
        shutil.rmtree(source, ignore_errors=True)
        return len(files)

    def run_folders(self, before: float) -> Iterator[tuple[str, str, str]]:
        """Yield DAG, run and prefix of folders with logs of a run, all last written before a moment (seconds since 1970)."""
        for of_dag in sorted(self.folder.glob("dag_id=*")):
            for of_run in sorted(of_dag.glob("run_id=*")):
                if _newest(of_run) < before:
                    yield (*names_of_run(of_dag.name, of_run.name), f"{of_dag.name}/{of_run.name}/")

    def keys(self) -> list[str]:
        """Return the keys of all logs."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.log"))

    def close(self) -> None:
        """See `LogStore.close`."""
        for key in list(self._open):
            self.seal(key)

    def _descriptor(self, key: str) -> int:
        descriptor = self._open.get(key)
        if descriptor is None:
            path = self._place + key
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
            try:
                descriptor = os.open(path, flags, 0o644)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (once for every try)
                descriptor = os.open(path, flags, 0o644)
            self._open[key] = descriptor
            if len(self._open) > OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(key)
        return descriptor


def _newest(folder: Path) -> float:
    """Return when a file in a folder, or the folder itself, was last written; a folder that vanishes counts as new."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return float("inf")
