"""`tradewind db shell`: the database's own client, connected."""

from __future__ import annotations

import argparse
import os
import shutil

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata import dialects

CLIENTS = {dialects.SQLITE: ("sqlite3",), dialects.POSTGRESQL: ("psql",), dialects.MARIADB: ("mariadb", "mysql")}


def configure(verbs: Verbs) -> None:
    """Declare the verb."""
    verbs.add("shell", shell)


def shell(_options: argparse.Namespace) -> None:
    """Open the database's own client: sqlite3, psql or mariadb, which must be installed."""
    with open_session(check=False) as session:
        dialect, url = session.database.dialect, session.database.url
    client = next((found for name in CLIENTS[dialect] if (found := shutil.which(name))), None)
    if client is None:
        raise CommandError(
            f"There is no {' or '.join(CLIENTS[dialect])} on this machine: install it to look inside.",
            error_id="program-missing",
        )
    words, secret = _words(dialect, url)
    os.execve(client, [client, *words], os.environ | secret)  # noqa: S606  (this process becomes the client)


def _words(dialect: str, url: sa.URL) -> tuple[list[str], dict[str, str]]:
    """Return the client's arguments, and by its environment the password: arguments can be read by everybody."""
    if dialect == dialects.SQLITE:
        return [url.database or ""], {}
    password = str(url.password or "")
    if dialect == dialects.POSTGRESQL:
        plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        return [plain], {"PGPASSWORD": password} if password else {}
    options = {"host": url.host, "port": url.port, "user": url.username}
    words = [f"--{name}={value}" for name, value in options.items() if value]
    return [*words, "--protocol=TCP", url.database or ""], {"MYSQL_PWD": password} if password else {}
