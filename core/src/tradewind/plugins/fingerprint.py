"""A fingerprint of the installation that is cheap enough for every start: it lists folders and imports nothing."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence

from tradewind.plugins.catalogue import Stamp

_METADATA = (".dist-info", ".egg-info")


def fingerprint(path: Sequence[str] | None = None) -> str:
    """Return a text that changes when a distribution is installed, removed or replaced.

    It is made of the name, with the version, and the time of each distribution's metadata folder.

    Arguments:
        path: the folders to look at; None means where Python looks for modules.
    """
    digest = hashlib.blake2b(f"{sys.version} {sys.prefix}".encode(), digest_size=16)
    for folder in sys.path if path is None else path:
        for name, time in sorted(_metadata_of(folder)):
            digest.update(f"\n{folder}\t{name}\t{time}".encode())
    return digest.hexdigest()


def _metadata_of(folder: str) -> Iterable[tuple[str, int]]:
    try:
        with os.scandir(folder or ".") as entries:
            return [(entry.name, entry.stat().st_mtime_ns) for entry in entries if entry.name.endswith(_METADATA)]
    except OSError:
        return []  # a zip, or a folder that is not there: nothing is installed into it while we run


def is_current(stamp: Stamp) -> bool:
    """Return whether a plugin's file is as it was when it was collected."""
    return file_time(stamp.file) == stamp.time


def file_time(path: str) -> int:
    """Return the time of a file's last change in nanoseconds, or -1 where there is none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - on the way of every start; a Path costs more than the stat
    except OSError:
        return -1
