"""Being told by the kernel that something in the DAG folders has changed (inotify, Linux).

Read here through ``ctypes``, as the libraries for it run threads, and the processor must have one thread to fork safely.
A notification says only that it is worth looking; what has changed is seen by the look. File systems that others can
write to from another machine tell nothing, so there the processor looks at its own pace.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
_IGNORED, _ONLYDIR = 0x8000, 0x01000000
_CHANGES = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_NAMES = _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_EVENT = struct.Struct("iIII")
_MOST_LINKS = 40
_LOCAL = frozenset(
    ("bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "ramfs", "squashfs", "tmpfs", "xfs", "zfs")
)  # fmt: skip


class Notifications:
    """One inotify instance and the folders it watches.

    Raises:
        OSError: this system has none, or gives no more.
    """

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise OSError(errno.ENOSYS, "file notifications are read on Linux only")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._watches: set[int] = set()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with a change."""
        return self._descriptor

    def watch(self, folders: Iterable[str], links: Iterable[str] = ()) -> None:
        """Watch these folders, and none else.

        Args:
            folders: absolute paths; whatever happens in one counts.
            links: folders in which only names count: those that hold the symbolic links on the way.

        Raises:
            OSError: there are more folders than the system lets this user watch.
        """
        now = {self._add(path, _CHANGES) for path in folders} | {self._add(path, _NAMES) for path in links}
        for gone in self._watches - now:
            self._libc.inotify_rm_watch(
                self._descriptor, gone
            )  # fails where the folder itself is gone: so is the watch
        self._watches = now - {-1}

    def _add(self, path: str, mask: int) -> int:
        try:
            # Asked for again at every look: another folder may stand at the path by now
            return _checked(self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), mask | _ONLYDIR))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP):
                return -1  # gone since the look, of which there is a notification too
            raise

    def drain(self) -> bool:
        """Read what has been told so far; return whether there was a change."""
        has_changed = False
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._descriptor, 1 << 16):
                has_changed = has_changed or any(mask & ~_IGNORED for mask in _masks(data))
        return has_changed

    def close(self) -> None:
        """Watch nothing any more."""
        os.close(self._descriptor)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _masks(data: bytes) -> Iterable[int]:
    start = 0
    while start + _EVENT.size <= len(data):
        _, mask, _, length = _EVENT.unpack_from(data, start)
        yield mask
        start += _EVENT.size + length


def link_folders(path: Path) -> tuple[str, ...]:
    """Return the folders that hold the symbolic links on the way to ``path``: a swapped link is a change in one of them."""
    found: list[str] = []
    waiting = list(reversed(path.absolute().parts))
    here = Path(waiting.pop())
    while waiting and len(found) < _MOST_LINKS:
        step = here / waiting.pop()
        if not step.is_symlink():
            here = step
            continue
        found.append(str(here))
        target = (here / step.readlink()).parts
        waiting.extend(reversed(target[1:]))
        here = Path(target[0])
    return tuple(dict.fromkeys(found))


def all_local(folders: Iterable[str], mounts: str = "/proc/self/mountinfo") -> bool:
    """Tell whether the folders are on file systems that only this machine writes to.

    Args:
        mounts: the kernel's table of mounts.
    """
    try:
        table = _mounted(Path(mounts).read_text())
    except OSError:
        return False
    return all(_kind_of(folder, table) in _LOCAL for folder in folders)


def _mounted(text: str) -> dict[str, str]:
    """Return the kind of file system by the place where it is mounted; of several at one place the last one shows."""
    found = {}
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        if right:
            found[left.split()[4].encode().decode("unicode_escape")] = right.split()[0]
    return found


def _kind_of(folder: str, table: dict[str, str]) -> str:
    path = folder
    while path not in table and path != "/":
        path = os.path.dirname(path)  # noqa: PTH120
    return table.get(path, "")
