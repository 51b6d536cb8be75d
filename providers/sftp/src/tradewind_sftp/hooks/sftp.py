"""The hook for SFTP."""

from __future__ import annotations

import os
import posixpath
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING, Any, ClassVar

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_ssh.hooks.ssh import SSHHook

from tradewind_sftp.files import own_token, put_in_place, real_target, unfinished_name, whole_local_file
from tradewind_sftp.times import seconds_of, stamp_of

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = lazy_client("paramiko", extra="sftp")

__all__ = ["SFTPHook"]

_ABORT_SECONDS = 5.0
_CHUNK = 32768


class SFTPHook(SSHHook):
    """Files of a server.

    Each method opens a connection and closes it, unless it is called inside `with hook.get_managed_conn():`. Its connection has
    the same fields as one of type `ssh`.

    Arguments:
        ssh_conn_id: the id of the connection.
        host_proxy_cmd: a command that the connection goes through.
        use_managed_conn: whether the connection is closed after each call; else it stays open until `close_conn`.
        kwargs: as of `SSHHook`.
    """

    conn_name_attr: ClassVar[str] = "ssh_conn_id"
    default_conn_name: ClassVar[str] = "sftp_default"
    conn_type: ClassVar[str] = "sftp"
    hook_name: ClassVar[str] = "SFTP"

    def __init__(
        self,
        ssh_conn_id: str | None = "sftp_default",
        host_proxy_cmd: str | None = None,
        use_managed_conn: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(ssh_conn_id, host_proxy_cmd=host_proxy_cmd, **kwargs)
        self.use_managed_conn = use_managed_conn
        self.conn: paramiko.SFTPClient | None = None
        self._depth = 0

    def get_conn(self) -> paramiko.SFTPClient:  # type: ignore[override]
        """Return the client for files, connected: the one of the last call while it lives.

        Raises:
            ConnectionFailed: the server cannot be reached, is not known, refuses the login, or has no SFTP.
        """
        if self.conn is None or not self._is_alive():
            client = self.get_ssh_client()
            limit = self.settings.cmd_timeout
            with self.naming():
                self.conn = client.open_sftp()
                if limit:
                    self.conn.get_channel().settimeout(limit)  # type: ignore[union-attr]
        return self.conn

    def close_conn(self) -> None:
        """Close the connection; the next call opens another one."""
        self.close()

    def close(self) -> None:
        """See `close_conn`."""
        if self.conn is not None:
            self.conn.close()
            self.conn = None
        super().close()

    def abort(self) -> None:
        """Cut the connection, so that a transfer fails where it is. A signal handler may call it.

        In a thread of its own, as the handler may have come in the middle of a call that holds the connection's locks.
        """
        client = self.client
        if client is not None:
            cutting = threading.Thread(target=client.close, name="abort-transfer", daemon=True)
            cutting.start()
            cutting.join(_ABORT_SECONDS)

    @contextmanager
    def get_managed_conn(self) -> Iterator[paramiko.SFTPClient]:
        """Give the connected client to a block; what this hook does inside it uses the same connection."""
        self._depth += 1
        try:
            yield self.get_conn()
        finally:
            self._depth -= 1
            if self._depth == 0 and self.use_managed_conn:
                self.close()

    def _is_alive(self) -> bool:
        channel = None if self.conn is None else self.conn.get_channel()
        transport = None if channel is None else channel.get_transport()
        return channel is not None and not channel.closed and transport is not None and transport.is_active()

    @contextmanager
    def _at(self, path: str) -> Iterator[paramiko.SFTPClient]:
        """Give the client to a block that does something with a path of the server; errors name it and the connection."""
        with self.get_managed_conn() as conn:
            try:
                yield conn
            except (TimeoutError, paramiko.SSHException, EOFError, ConnectionError):
                with self.naming():
                    raise
            except OSError as error:
                if error.filename is not None:  # a local file
                    raise
                if not self._is_alive():
                    with self.naming():
                        raise
                told = f"connection {self._name!r}: {error.strerror or error}"
                if error.errno is None:
                    raise OSError(f"{told}: {path!r}") from None
                raise OSError(error.errno, told, path) from None

    def describe_directory(self, path: str) -> dict[str, dict[str, str | int | None]]:
        """Return `size`, `type` (`dir` or `file`) and `modify` (as of `get_mod_time`) of all in a folder, by name."""
        return {
            each.filename: {
                "size": each.st_size,
                "type": "dir" if stat.S_ISDIR(each.st_mode or 0) else "file",
                "modify": stamp_of(each.st_mtime or 0),
            }
            for each in self.list_directory_with_attr(path)
        }

    def list_directory(self, path: str) -> list[str]:
        """Return the names of all in a folder, sorted."""
        return [each.filename for each in self.list_directory_with_attr(path)]

    def list_directory_with_attr(self, path: str) -> list[paramiko.SFTPAttributes]:
        """Return the attributes of all in a folder, sorted by name."""
        with self._at(path) as conn:
            found = conn.listdir_attr(path)
        for each in found:
            if "/" in each.filename or each.filename in {"", ".", ".."}:
                raise TradewindException(
                    f"connection {self._name!r}: {path} has an entry that is no name: {each.filename!r}"
                )
        return sorted(found, key=lambda each: each.filename)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        """Make a folder; the server takes its umask away from the mode."""
        with self._at(path) as conn:
            conn.mkdir(path, mode)

    def isdir(self, path: str) -> bool:
        """Whether there is a folder."""
        return stat.S_ISDIR(self._mode(path))

    def isfile(self, path: str) -> bool:
        """Whether there is a file."""
        return stat.S_ISREG(self._mode(path))

    def path_exists(self, path: str) -> bool:
        """Whether there is anything."""
        return self._mode(path) != 0

    def _mode(self, path: str) -> int:
        """Return the mode at a path; 0 where there is nothing."""
        try:
            with self._at(path) as conn:
                return conn.stat(path).st_mode or stat.S_IFREG
        except FileNotFoundError:
            return 0

    def create_directory(self, path: str, mode: int = 0o777) -> None:
        """Make a folder, and those above it that are not there; nothing where it is there.

        Raises:
            TradewindException: there is a file where a folder is needed.
        """
        with self.get_managed_conn():
            found = self._mode(path)
            if stat.S_ISDIR(found):
                return
            if found:
                raise TradewindException(f"connection {self._name!r}: {path} is a file, so no folder can be made there")
            above = posixpath.dirname(path.rstrip("/"))
            if above and above != path:
                self.create_directory(above, mode)
            try:
                self.mkdir(path, mode)
            except OSError:
                if not self.isdir(path):  # somebody else has made it meanwhile
                    raise

    def delete_directory(self, path: str, include_files: bool = False) -> None:
        """Delete a folder: an empty one, or with `include_files` one with all that is in it. Links are not followed."""
        with self._at(path) as conn:
            if include_files:
                for each in self.list_directory_with_attr(path):
                    inner = posixpath.join(path, each.filename)
                    if stat.S_ISDIR(each.st_mode or 0):
                        self.delete_directory(inner, include_files=True)
                    else:
                        conn.remove(inner)
            conn.rmdir(path)

    def delete_file(self, path: str) -> None:
        """Delete a file."""
        with self._at(path) as conn:
            conn.remove(path)

    def get_mod_time(self, path: str) -> str:
        """Return when a file was last changed, as `YYYYMMDDHHMMSS` in UTC."""
        return stamp_of(self.get_mod_seconds(path))

    def get_mod_seconds(self, path: str) -> float:
        """Return when a file was last changed, in seconds since 1970."""
        with self._at(path) as conn:
            return float(conn.stat(path).st_mtime or 0)

    def retrieve_file(
        self,
        remote_full_path: str,
        local_full_path: str | IO[bytes],
        prefetch: bool = True,
        token: str | None = None,
    ) -> None:
        """Fetch a file. It appears whole or not at all.

        Arguments:
            remote_full_path: the path on the server.
            local_full_path: where it goes: a path, or a file that is open for writing bytes.
            prefetch: whether to ask for all of it at once; servers that bear few open requests need `False`.
            token: part of the name under which it is written; a later call with the same one takes the place of what this
                one may leave when the process is killed. None for a random one.
        """
        if hasattr(local_full_path, "write"):
            self._fetch(remote_full_path, local_full_path, prefetch)
            return
        with whole_local_file(os.fspath(local_full_path), token or own_token()) as file:
            self._fetch(remote_full_path, file, prefetch)

    def _fetch(self, path: str, file: Any, prefetch: bool) -> None:
        with self._at(path) as conn:
            size = conn.stat(path).st_size or 0
            with self._open(conn, path, "rb") as source:
                if prefetch:
                    self._ask_ahead(source, size)
                got = _copied(source, file)
        if got != size:
            raise ConnectionFailed(f"connection {self._name!r}: {got} of {size} bytes of {path} came")

    def _ask_ahead(self, source: Any, size: int) -> None:
        """Have paramiko ask for all of a file, in a thread of its own; where the connection is cut, its reader is who tells."""
        ask = source._prefetch_thread  # noqa: SLF001 - what is raised in that thread would reach nobody but standard error

        def ask_quietly(*arguments: Any) -> None:
            try:
                ask(*arguments)
            except (EOFError, OSError, paramiko.SSHException) as error:
                self.log.debug("Reading ahead has ended: %s", error)

        source._prefetch_thread = ask_quietly  # noqa: SLF001
        source.prefetch(size)

    @contextmanager
    def _open(self, conn: paramiko.SFTPClient, path: str, mode: str) -> Iterator[paramiko.SFTPFile]:
        """Open a file of the server for a block.

        Where the block fails, as by a kill in the middle of a packet, the connection ends at once: closing the file in order
        would wait for an answer that may never come, or take half a packet for one.
        """
        file = conn.open(path, mode)
        try:
            yield file
        except BaseException:
            self.conn = None
            super().close()
            raise
        file.close()

    def _write(self, conn: paramiko.SFTPClient, path: str, file: Any, confirm: bool) -> None:
        with self._open(conn, path, "wb") as sink:
            sink.set_pipelined(True)
            sent = _copied(file, sink)
        if confirm and conn.stat(path).st_size != sent:
            raise ConnectionFailed(f"connection {self._name!r}: not all of the {sent} bytes of {path} are there")

    def store_file(
        self,
        remote_full_path: str,
        local_full_path: str | IO[bytes],
        confirm: bool = True,
        atomic: bool = True,
        token: str | None = None,
    ) -> None:
        """Send a file. It appears whole or not at all.

        Arguments:
            remote_full_path: the path on the server.
            local_full_path: a path, or a file that is open for reading bytes.
            confirm: whether to ask the server for its size in the end.
            atomic: `False` writes to the path itself, for servers that let files be written but not renamed.
            token: as of `retrieve_file`.
        """
        if hasattr(local_full_path, "read"):
            self._send(remote_full_path, local_full_path, confirm, atomic, token or own_token())
            return
        with open(os.fspath(local_full_path), "rb") as file:  # noqa: PTH123
            self._send(remote_full_path, file, confirm, atomic, token or own_token())

    def _send(self, path: str, file: Any, confirm: bool, atomic: bool, token: str) -> None:
        if not atomic:
            with self._at(path) as conn:
                self._write(conn, path, file, confirm)
            return
        unfinished = None
        try:
            with self._at(path) as conn:
                target, mode = real_target(conn, path)
                unfinished = unfinished_name(target, token)
                self._write(conn, unfinished, file, confirm)
                put_in_place(conn, unfinished, target, mode, self.log)
        except BaseException:
            if unfinished is not None:
                self._sweep(unfinished)
            raise

    def _sweep(self, unfinished: str) -> None:
        """Remove what was not finished: over a new connection, as the old one may have been left in the middle of a word."""
        self.close()
        try:
            self.delete_file(unfinished)
        except FileNotFoundError:
            return
        except (OSError, TradewindException) as error:
            self.log.warning("An unfinished file may be left on the server, %s: %s", unfinished, error)

    def retrieve_directory(self, remote_full_path: str, local_full_path: str, prefetch: bool = True) -> None:
        """Fetch a folder with all in it.

        Raises:
            TradewindException: there is something at the local path.
        """
        if os.path.lexists(local_full_path):
            raise TradewindException(
                f"{local_full_path} is there already, so the folder {remote_full_path} is not fetched"
            )
        with self.get_managed_conn():
            os.makedirs(local_full_path)  # noqa: PTH103
            for each in self.list_directory_with_attr(remote_full_path):
                remote = posixpath.join(remote_full_path, each.filename)
                local = os.path.join(local_full_path, each.filename)  # noqa: PTH118
                if stat.S_ISDIR(each.st_mode or 0):
                    self.retrieve_directory(remote, local, prefetch)
                else:
                    self.retrieve_file(remote, local, prefetch)

    def store_directory(self, remote_full_path: str, local_full_path: str, confirm: bool = True) -> None:
        """Send a folder with all in it.

        Raises:
            TradewindException: there is something at the path on the server.
        """
        with self.get_managed_conn():
            if self.path_exists(remote_full_path):
                raise TradewindException(
                    f"connection {self._name!r}: {remote_full_path} is there already, so the folder {local_full_path} is not sent"
                )
            self.create_directory(remote_full_path)
            for entry in sorted(os.scandir(local_full_path), key=lambda each: each.name):
                remote = posixpath.join(remote_full_path, entry.name)
                if entry.is_dir():
                    self.store_directory(remote, entry.path, confirm)
                else:
                    self.store_file(remote, entry.path, confirm)

    def walktree(
        self,
        path: str,
        fcallback: Callable[[str], Any],
        dcallback: Callable[[str], Any],
        ucallback: Callable[[str], Any],
        recurse: bool = True,
    ) -> None:
        """Call a function for all below a folder, with its path.

        Arguments:
            path: the folder.
            fcallback: called for files.
            dcallback: called for folders, before what is in them.
            ucallback: called for all else, links too.
            recurse: whether to go into folders.
        """
        with self.get_managed_conn():
            for each in self.list_directory_with_attr(path):
                inner = posixpath.join(path, each.filename)
                if stat.S_ISDIR(each.st_mode or 0):
                    dcallback(inner)
                    if recurse:
                        self.walktree(inner, fcallback, dcallback, ucallback, recurse)
                elif stat.S_ISREG(each.st_mode or 0):
                    fcallback(inner)
                else:
                    ucallback(inner)

    def get_tree_map(
        self, path: str, prefix: str | None = None, delimiter: str | None = None
    ) -> tuple[list[str], list[str], list[str]]:
        """Return the paths of all files, folders and other things below a folder.

        Arguments:
            path: the folder.
            prefix: what paths begin with; None for any.
            delimiter: what paths end with; None for any.
        """
        found: tuple[list[str], list[str], list[str]] = ([], [], [])

        def into(kind: list[str]) -> Callable[[str], None]:
            return lambda each: kind.append(each) if _fits(each, prefix, delimiter) else None

        self.walktree(path, into(found[0]), into(found[1]), into(found[2]))
        return found

    def get_file_by_pattern(self, path: str, fnmatch_pattern: str) -> str:
        """Return the first name in a folder that fits a pattern such as `*.csv`; an empty text where none does."""
        return next(iter(self.get_files_by_pattern(path, fnmatch_pattern)), "")

    def get_files_by_pattern(self, path: str, fnmatch_pattern: str) -> list[str]:
        """Return the names in a folder that fit a pattern such as `*.csv`, sorted; unfinished files of ours do not."""
        names = self.list_directory(path)
        return [each for each in names if fnmatchcase(each, fnmatch_pattern) and not _is_unfinished(each)]

    def find_files(
        self, path: str, file_pattern: str = "", newer_than: datetime | str | float | None = None
    ) -> list[str]:
        """Return the paths of files that are there.

        Arguments:
            path: of the file, or with a pattern of the folder.
            file_pattern: of the names that count.
            newer_than: the instant after which they must have been changed; a number is seconds since 1970.
        """
        since = newer_than if newer_than is None or isinstance(newer_than, (int, float)) else seconds_of(newer_than)
        found = []
        with self.get_managed_conn():
            try:
                names = self.get_files_by_pattern(path, file_pattern) if file_pattern else [""]
            except FileNotFoundError:
                return []
            for name in names:
                whole = posixpath.join(path, name) if name else path
                try:
                    changed = self.get_mod_seconds(whole)
                except FileNotFoundError:  # or gone since the folder was read
                    continue
                if since is None or changed >= since:
                    found.append(whole)
        return found

    def test_connection(self) -> tuple[bool, str]:
        """Log in, look where that leads, and say whether it worked."""
        try:
            with self._at(".") as conn:
                return True, f"logged in; the folder is {conn.normalize('.')}"
        except (TradewindException, OSError) as error:
            return False, str(error)


def _copied(source: Any, sink: Any) -> int:
    """Copy what is left of a file to another one; return how many bytes it was."""
    count = 0
    while True:
        chunk = source.read(_CHUNK)
        if not chunk:
            return count
        sink.write(chunk)
        count += len(chunk)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") and name.endswith(".part")


def _fits(path: str, prefix: str | None, delimiter: str | None) -> bool:
    return path.startswith(prefix or "") and path.endswith(delimiter or "")
