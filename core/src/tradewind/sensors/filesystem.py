"""A sensor that waits for files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from glob import glob
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag_param import DagParam
from tradewind.hooks.filesystem import FSHook
from tradewind.sensors.deferring import refuse_to_defer


class FileSensor(BaseSensor):
    """Waits until there is a file: at a path, or one that fits a pattern; of a folder, until a file is in or under it.

    Args:
        filepath: a path or a pattern of ``glob``, relative to the folder of the connection; templated. An absolute one
            stands for itself. A file whose name is the very text counts too, whatever the text would mean as a pattern.
        fs_conn_id: a connection of type ``fs``, whose extra has the folder as ``path``. ``fs_default`` need not exist:
            without it, the folder is the root.
        recursive: whether ``**`` in a pattern stands for folders in any depth.
        deferrable, start_from_trigger: whether to wait outside of a worker; not built, so true is refused.

    Raises ``TradewindException`` when ``filepath`` is neither, or for an argument that is not built.
    """

    template_fields: Sequence[str] = ("filepath",)

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str] | XComArg | DagParam,
        fs_conn_id: str = FSHook.default_conn_name,
        recursive: bool = False,
        deferrable: bool = False,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_to_defer(self.task_id, deferrable=deferrable, start_from_trigger=start_from_trigger)
        if not isinstance(filepath, (str, os.PathLike, XComArg, DagParam)):
            raise TradewindException(f"Task {self.task_id!r}: filepath is a path or a pattern, not {filepath!r}.")
        self.filepath = os.fspath(filepath) if isinstance(filepath, os.PathLike) else filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive

    @property
    def path(self) -> str:
        """The path or pattern with the folder of the connection before it.

        Raises:
            TradewindNotFoundException: there is no such connection.
            TradewindException: ``filepath`` is rendered to what is no text.
        """
        if not isinstance(self.filepath, str):
            raise TradewindException(f"Task {self.task_id!r}: filepath is a path or a pattern, not {self.filepath!r}.")
        return str(Path(FSHook(self.fs_conn_id).get_path(), self.filepath))

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look for a file."""
        path = self.path
        self.log.info("Looking for %s", path)
        candidates = [path, *glob(path, recursive=self.recursive)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        found = next(filter(None, map(_file_at, candidates)), None)
        if found is None:
            return False
        modified = datetime.fromtimestamp(found.stat().st_mtime, timezone.utc)
        self.log.info("Found %s, last modified at %s", found, modified.isoformat(timespec="seconds"))
        return True


def _file_at(path: str) -> Path | None:
    """Return the file at a path, or any file under it if it is a folder."""
    if os.path.isfile(path):  # noqa: PTH113 - of many paths that a pattern finds
        return Path(path)
    return next((Path(folder, names[0]) for folder, _, names in os.walk(path) if names), None)
