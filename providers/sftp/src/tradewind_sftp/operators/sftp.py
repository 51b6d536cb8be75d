"""The operator for SFTP."""

from __future__ import annotations

import os
import posixpath
import zlib
from collections.abc import Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind_sftp.hooks.sftp import SFTPHook

__all__ = ["SFTPOperation", "SFTPOperator"]


class SFTPOperation:
    """What `SFTPOperator` can do."""

    PUT = "put"
    GET = "get"
    DELETE = "delete"


class SFTPOperator(BaseOperator):
    """Send files or folders to a server, fetch them, or delete them there. The result is the local path, or the list of them.

    A file appears whole or not at all: it is written under another name beside it, and renamed.

    Arguments:
        remote_filepath: a path on the server, or several (templated).
        local_filepath: a path here, or as many; none to delete (templated).
        ssh_conn_id: the connection.
        ssh_hook: its settings in place of the connection: a hook of the provider ssh.
        sftp_hook: in place of the connection.
        remote_host: another host than the connection's (templated).
        operation: `put`, `get` or `delete`.
        confirm: whether to ask the server for the size of what was sent.
        create_intermediate_dirs: make the folders that are not there, here or on the server.
        atomic: `False` sends files under their own names, for servers that let files be written but not renamed.
    """

    template_fields: Sequence[str] = ("local_filepath", "remote_filepath", "remote_host")
    ui_color = "#dce6ea"

    def __init__(
        self,
        *,
        remote_filepath: str | Sequence[str],
        local_filepath: str | Sequence[str] | None = None,
        ssh_conn_id: str | None = None,
        ssh_hook: Any = None,
        sftp_hook: SFTPHook | None = None,
        remote_host: str | None = None,
        operation: str = SFTPOperation.PUT,
        confirm: bool = True,
        create_intermediate_dirs: bool = False,
        atomic: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.remote_filepath = remote_filepath
        self.local_filepath = local_filepath
        self.ssh_conn_id = ssh_conn_id
        self.ssh_hook = ssh_hook
        self.sftp_hook = sftp_hook
        self.remote_host = remote_host
        self.operation = operation
        self.confirm = confirm
        self.create_intermediate_dirs = create_intermediate_dirs
        self.atomic = atomic
        self._running: SFTPHook | None = None

    def _new_hook(self) -> SFTPHook:
        hook = self.sftp_hook
        if hook is None:
            conn_id = self.ssh_conn_id or getattr(self.ssh_hook, "ssh_conn_id", None) or SFTPHook.default_conn_name
            hook = SFTPHook(conn_id)
            for name, value in vars(self.ssh_hook).items() if self.ssh_hook is not None else ():
                if not name.startswith("_") and name not in {"client", "ssh_conn_id"} and value:
                    setattr(hook, name, value)
        if self.remote_host:
            hook.remote_host = self.remote_host
        return hook

    def execute(self, context: Any) -> Any:
        """Do it, file by file, over one connection.

        Raises:
            TradewindException: the arguments do not fit each other, or a transfer failed.
            OSError: the server or this machine refuses a path.
        """
        remotes, locals_ = self._paths()
        hook = self._running = self._new_hook()
        with hook.get_managed_conn():
            for number, remote in enumerate(remotes):
                local = locals_[number] if locals_ else ""
                token = _token(context, number)
                if self.operation.lower() == SFTPOperation.GET:
                    self._get(hook, remote, local, token)
                elif self.operation.lower() == SFTPOperation.PUT:
                    self._put(hook, remote, local, token)
                else:
                    self._delete(hook, remote)
        return self.local_filepath

    def on_kill(self) -> None:
        """Cut the connection; the transfer removes what it has begun."""
        if self._running is not None:
            self._running.abort()

    def _paths(self) -> tuple[list[str], list[str]]:
        where = f"task {self.task_id!r}"
        operation = self.operation.lower()
        if operation not in {SFTPOperation.PUT, SFTPOperation.GET, SFTPOperation.DELETE}:
            raise TradewindException(f"{where}: operation is put, get or delete, not {self.operation!r}")
        remotes, locals_ = _listed(self.remote_filepath), _listed(self.local_filepath)
        if operation == SFTPOperation.DELETE:
            if locals_:
                raise TradewindException(f"{where}: to delete, local_filepath is not given")
        elif len(remotes) != len(locals_):
            raise TradewindException(
                f"{where}: {len(remotes)} paths in remote_filepath and {len(locals_)} in local_filepath; they go in pairs"
            )
        return remotes, locals_

    def _get(self, hook: SFTPHook, remote: str, local: str, token: str) -> None:
        if self.create_intermediate_dirs:
            os.makedirs(os.path.dirname(local) or ".", exist_ok=True)  # noqa: PTH103, PTH120
        self.log.info("Fetching %s to %s", remote, local)
        if hook.isdir(remote):
            hook.retrieve_directory(remote, local)
        else:
            hook.retrieve_file(remote, local, token=token)

    def _put(self, hook: SFTPHook, remote: str, local: str, token: str) -> None:
        above = posixpath.dirname(remote)
        if self.create_intermediate_dirs and above:
            hook.create_directory(above)
        self.log.info("Sending %s to %s", local, remote)
        if os.path.isdir(local):  # noqa: PTH112
            hook.store_directory(remote, local, self.confirm)
        else:
            hook.store_file(remote, local, self.confirm, self.atomic, token)

    def _delete(self, hook: SFTPHook, remote: str) -> None:
        self.log.info("Deleting %s", remote)
        if hook.isdir(remote):
            hook.delete_directory(remote, include_files=True)
        else:
            hook.delete_file(remote)


def _listed(paths: str | Sequence[str] | None) -> list[str]:
    return (
        []
        if paths is None
        else [os.fspath(each) for each in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    )


def _token(context: Any, number: int) -> str:
    """Return the token of a file: the same in each try, so that the next one writes over what a killed one has left."""
    ti = (context or {}).get("ti")
    if ti is None:
        return ""
    parts = [getattr(ti, name, "") for name in ("dag_id", "task_id", "run_id", "execution_date", "map_index")]
    return f"{zlib.crc32(repr([*map(str, parts), number]).encode()):08x}"
