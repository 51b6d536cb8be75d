"""A real PgBouncer in transaction mode before a PostgreSQL server, from the system's packages (`pgbouncer`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from services.processes import as_nobody, find_binary, free_port, server, temporary_folder

MISSING = "There is no PgBouncer on this machine: on Debian, apt-get install pgbouncer."
SETTINGS = """[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


def is_installed() -> bool:
    """Tell whether this machine has it."""
    return find_binary("pgbouncer") is not None


@contextmanager
def pgbouncer_server(postgres_url: str, *, pool_size: int = 5) -> Iterator[str]:
    """Run a pooler until the block ends; yield the URL by which the same database is reached through it.

    Arguments:
        postgres_url: a database of a running server that trusts its user.
        pool_size: how many sessions of the server all clients share.
    Raises:
        RuntimeError: when it is not installed, or does not answer.
    """
    binary = find_binary("pgbouncer")
    if binary is None:
        raise RuntimeError(MISSING)
    behind = sa.make_url(postgres_url)
    with temporary_folder("tradewind-pgbouncer-") as root:
        port = free_port()
        (root / "users").write_text(f'"{behind.username}" ""\n')
        settings = root / "pgbouncer.ini"
        settings.write_text(
            SETTINGS.format(
                host=behind.host,
                port=behind.port,
                user=behind.username,
                listen_port=port,
                folder=root,
                pool_size=pool_size,
            )
        )
        url = behind.set(drivername="postgresql", host="127.0.0.1", port=port).render_as_string(hide_password=False)
        connect = lambda: psycopg.connect(url, connect_timeout=5).close()  # noqa: E731
        with server([*as_nobody(root), binary, settings], root, connect):
            yield url
