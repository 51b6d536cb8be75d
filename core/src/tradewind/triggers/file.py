"""A trigger that waits for a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from glob import glob
from pathlib import Path
from typing import Any

from tradewind_plugins.triggers import BaseTrigger, TriggerEvent


def find_file(path: str, *, recursive: bool = False) -> Path | None:
    """Return a file at a path, one that fits it as a pattern, or one in or under it if it is a folder.

    Args:
        path: a path or a pattern; a file whose name is the very text counts too.
        recursive: whether ``**`` stands for folders in any depth.
    """
    candidates = [path, *glob(path, recursive=recursive)]  # noqa: PTH207 - Path.glob takes no absolute pattern
    return next(filter(None, map(_file_at, candidates)), None)


def _file_at(path: str) -> Path | None:
    if os.path.isfile(path):  # noqa: PTH113 - of many paths that a pattern finds
        return Path(path)
    return next((Path(folder, names[0]) for folder, _, names in os.walk(path) if names), None)


def told(found: Path) -> str:
    """Return in a few words which file was found, and how old it is."""
    modified = datetime.fromtimestamp(found.stat().st_mtime, timezone.utc)
    return f"Found {found}, last modified at {modified.isoformat(timespec='seconds')}"


class FileTrigger(BaseTrigger):
    """Fires when there is a file; the event is true.

    Args:
        filepath: a path or a pattern, as of :class:`FileSensor`, on the machine where the triggerer runs.
        recursive: whether ``**`` in it stands for folders in any depth.
        poke_interval: seconds between two looks.
    """

    def __init__(self, filepath: str, recursive: bool = False, poke_interval: float = 5.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filepath = filepath
        self.recursive = recursive
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return (
            "tradewind.triggers.file.FileTrigger",
            {"filepath": self.filepath, "recursive": self.recursive, "poke_interval": self.poke_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for the file, in a thread: a network's file system may hang."""
        while (found := await asyncio.to_thread(find_file, self.filepath, recursive=self.recursive)) is None:
            await asyncio.sleep(self.poke_interval)
        self.log.info("%s", told(found))
        yield TriggerEvent(True)
