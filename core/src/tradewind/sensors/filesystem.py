"""A sensor that waits for files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag_param import DagParam
from tradewind.hooks.filesystem import FSHook
from tradewind.triggers.file import FileTrigger, find_file, told


class FileSensor(BaseSensor):
    """Waits until there is a file: at a path, or one that fits a pattern; of a folder, until a file is in or under it.

    Args:
        filepath: a path or a pattern of ``glob``, relative to the folder of the connection; templated. An absolute one
            stands for itself. A file whose name is the very text counts too, whatever the text would mean as a pattern.
        fs_conn_id: a connection of type ``fs``, whose extra has the folder as ``path``. ``fs_default`` need not exist:
            without it, the folder is the root.
        recursive: whether ``**`` in a pattern stands for folders in any depth.
        deferrable: whether to wait in a triggerer, which must see the same files.
        start_from_trigger: whether the task is deferred from its beginning, which it is anyway if ``deferrable``.
        trigger_kwargs: not needed: the trigger is made of the sensor's own arguments, of each mapped instance as well.

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
        trigger_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start_from_trigger = start_from_trigger
        self.deferrable = deferrable
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

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable or self.poke(context):
            return None if self.deferrable else super().execute(context)
        return self.defer(
            trigger=FileTrigger(self.path, recursive=self.recursive, poke_interval=self.poke_interval),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Mapping[str, Any], event: Any = None) -> None:
        """Go on: the file is there.

        Raises:
            TradewindException: the trigger says that it is not.
        """
        if not event:
            raise TradewindException(f"Task {self.task_id!r}: the trigger ended, and there is no file.")

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look for a file."""
        path = self.path
        self.log.info("Looking for %s", path)
        found = find_file(path, recursive=self.recursive)
        if found is None:
            return False
        self.log.info("%s", told(found))
        return True
