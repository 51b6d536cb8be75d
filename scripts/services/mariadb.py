"""A real MariaDB server from the system's packages (`mariadb-server`), in a temporary folder, on a free loopback port."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from services.processes import Restartable, as_nobody, find_binary, free_port, server, temporary_folder

MISSING = "There is no MariaDB server on this machine: on Debian, apt-get install mariadb-server."


def is_installed() -> bool:
    """Tell whether this machine has the server's programs."""
    return find_binary("mariadbd", "mysqld") is not None and find_binary("mariadb-install-db") is not None


@contextmanager
def mariadb_server(*, durable: bool = False, folder: Path | None = None) -> Iterator[str]:
    """Run a server until the block ends; yield the URL of its `mysql` database, as root without a password.

    Arguments:
        durable: whether commits reach the disk, as in production; off makes tests faster.
        folder: where its data goes; a temporary folder that is removed at the end by default.
    Raises:
        RuntimeError: when it is not installed, or does not answer.
    """
    with temporary_folder("tradewind-maria-", folder) as root:
        command, port = _prepare(root)
        if not durable:
            command += ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--skip-innodb-doublewrite"]
        with server(command, root, _connecting(port)):
            yield f"mariadb://root@127.0.0.1:{port}/mysql"


@contextmanager
def restartable_mariadb() -> Iterator[tuple[Restartable, str]]:
    """Yield a server that runs, and the URL of its `mysql` database; end it with the block.

    SIGTERM stops it in order, SIGKILL at once: what was committed is with the operating system by then and survives.
    """
    with temporary_folder("tradewind-maria-") as root:
        command, port = _prepare(root)
        running = Restartable([*command, "--innodb-flush-log-at-trx-commit=2"], root, _connecting(port))
        running.start()
        try:
            yield running, f"mariadb://root@127.0.0.1:{port}/mysql"
        finally:
            running.stop(signal.SIGKILL)


def _prepare(root: Path) -> tuple[list[Any], int]:
    """Make the data of a server in a folder; return the command that runs it and its port."""
    binary, install = find_binary("mariadbd", "mysqld"), find_binary("mariadb-install-db")
    if binary is None or install is None:
        raise RuntimeError(MISSING)
    data, port = root / "data", free_port()
    data.mkdir()
    prefix = as_nobody(root, data)
    subprocess.run(
        [*prefix, install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        + [f"--datadir={data}", f"--tmpdir={root}"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=root,
    )
    options = ["--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"]
    options += [f"--socket={root / 'socket'}", f"--tmpdir={root}", "--max-connections=200"]
    return [*prefix, binary, *options], port


def _connecting(port: int) -> Callable[[], None]:
    return lambda: pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=5).close()
