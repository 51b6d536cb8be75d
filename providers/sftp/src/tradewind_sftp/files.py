"""Files that appear whole or not at all: written under another name beside it, and renamed at the end."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    import paramiko

__all__ = ["own_token", "put_in_place", "real_target", "unfinished_name", "whole_local_file"]


def own_token() -> str:
    """Return what tells one transfer's unfinished file from another's."""
    return os.urandom(4).hex()


def unfinished_name(path: str, token: str) -> str:
    """Return the name beside a file under which it is written."""
    folder, _, name = path.rpartition("/")
    unfinished = f".{name}.{token}.part"
    return f"{folder}/{unfinished}" if folder or path.startswith("/") else unfinished


@contextmanager
def whole_local_file(path: str, token: str) -> Iterator[IO[bytes]]:
    """Open a local file to be written; it is in its place when the block ends well, and what was there is untouched otherwise."""
    target = os.path.realpath(path)
    unfinished = unfinished_name(target, token)
    try:
        with open(unfinished, "wb") as file:  # noqa: PTH123 - paths are texts here, as those of servers are
            yield file
        if os.path.exists(target):  # noqa: PTH110
            os.chmod(unfinished, stat.S_IMODE(os.stat(target).st_mode))  # noqa: PTH101, PTH116
        os.replace(unfinished, target)  # noqa: PTH105
    except BaseException:
        if os.path.exists(unfinished):  # noqa: PTH110
            os.remove(unfinished)  # noqa: PTH107
        raise


def real_target(conn: paramiko.SFTPClient, path: str) -> tuple[str, int | None]:
    """Return where a file of the server is when links are followed, and its mode; None where it is not there.

    Raises:
        TradewindException: there is a folder.
    """
    try:
        if stat.S_ISLNK(conn.lstat(path).st_mode or 0):
            path = conn.normalize(path)
        mode = conn.stat(path).st_mode or 0
    except OSError as error:
        if error.errno == errno.ENOENT:
            return path, None
        raise
    if stat.S_ISDIR(mode):
        raise TradewindException(f"{path} is a folder on the server; the path of a file is needed")
    return path, stat.S_IMODE(mode)


def put_in_place(conn: paramiko.SFTPClient, unfinished: str, target: str, mode: int | None, log: Any) -> None:
    """Rename a file that was written whole, over the one that may be there, whose mode it takes."""
    if mode is not None:
        try:
            conn.chmod(unfinished, mode)
        except OSError as error:
            log.info("The mode of %s cannot be kept: %s", posixpath.basename(target), error)
    try:
        conn.posix_rename(unfinished, target)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EACCES}:
            raise
        # Servers without OpenSSH's extension rename onto nothing only: between the two calls there is no file
        log.info("The server cannot replace a file in one step (%s), so it is removed before", error)
        if mode is not None:
            conn.remove(target)
        conn.rename(unfinished, target)
