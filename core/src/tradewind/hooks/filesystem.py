"""The hook for a folder of a file system that tasks can reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.hook import BaseHook

__all__ = ["FSHook"]

_ROOT = "/"


class FSHook(BaseHook):
    """A folder: `path` in the extra of a connection of type `fs`.

    Args:
        fs_conn_id: the connection. `fs_default` need not exist; the folder is the root then, as where `path` is not set.
    """

    conn_name_attr: ClassVar[str] = "fs_conn_id"
    default_conn_name: ClassVar[str] = "fs_default"
    conn_type: ClassVar[str] = "fs"
    hook_name: ClassVar[str] = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fs_conn_id = fs_conn_id

    def get_path(self) -> str:
        """Return the path of the folder.

        Raises:
            TradewindNotFoundException: there is no connection of that id, and it is not the default one.
        """
        return self._configured() or _ROOT

    def get_conn(self) -> None:
        """Return nothing: a folder needs no client."""

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the folder is there."""
        path = self._configured()
        if path is None:
            return False, "the extra has no path, so the folder is the root"
        there = Path(path).is_dir()
        return there, f"{path} is {'a' if there else 'no'} folder on this machine"

    def _configured(self) -> str | None:
        try:
            connection = self.get_connection(self.fs_conn_id)
        except TradewindNotFoundException:
            if self.fs_conn_id != self.default_conn_name:
                raise
            return None
        return connection.extra_dejson.get("path") or None
