"""The key that signs cookies: one for all web servers. A server whose key differs from that of live ones does not start."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from tradewind.config import Config
from tradewind.config.errors import ConfigError
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import logins

KEY_FILE = "web.key"
SHORTEST = 16
SEEN_EVERY = 10.0
"""Seconds between two signs of life of a web server."""
SILENT_AFTER = timedelta(seconds=60)


class KeyDiffersError(ConfigError):
    """Another web server lives that signs cookies with another key."""


def open_key(config: Config) -> str:
    """Return `web.secret_key`, or the key of the file in TRADEWIND_HOME, which is made if it is not there.

    Raises:
        ConfigError: the key is too short to be one, or the file cannot be made or read.
    """
    key = config.web.secret_key.strip()
    source = "web.secret_key"
    if not key:
        path = config.home / KEY_FILE
        source = str(path)
        try:
            key = _read_or_make(path)
        except OSError as error:
            raise ConfigError(
                f"The key file {path} cannot be made or read: {error.strerror}. Set web.secret_key, or let this user read it."
            ) from error
    if len(key) < SHORTEST:
        raise ConfigError(
            f"{source} is no key that cookies can be signed with: give {SHORTEST} random characters or more, such as those of "
            'python -c "import secrets; print(secrets.token_urlsafe(32))".'
        )
    return key


def fingerprint(key: str) -> str:
    """Return what tells keys apart and does not give them away."""
    return hmac.digest(key.encode(), b"tradewind: fingerprint of the key of web servers", hashlib.sha256).hex()


class Presence:
    """Tells in the database that a web server lives, and with which key.

    Arguments:
        server: a name that nobody else has.
        now: the current instant.
    """

    def __init__(self, database: Database, key: str, *, server: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._fingerprint = fingerprint(key)
        self._server = server
        self._now = now
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="presence", daemon=True)

    def begin(self) -> None:
        """Refuse where another server lives with another key; else tell that this one lives, from now on.

        Raises:
            KeyDiffersError: naming the server, and what to do.
        """
        now = self._now()
        with self._database.read() as connection:
            others = logins.live_servers(connection, since=now - SILENT_AFTER)
        for host, pid, found in others:
            if found != self._fingerprint:
                raise KeyDiffersError(
                    f"The web server on {host} (process {pid}) signs cookies with another key than this one would, and people "
                    "would be logged out at every other request: give all web servers the same web.secret_key, or the same "
                    f"TRADEWIND_HOME/{KEY_FILE}; to change the key, stop all of them first and wait a minute."
                )
        self._tell()
        self._thread.start()

    def end(self) -> None:
        """Tell that this server is gone."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)
        try:
            before = self._now() - 10 * SILENT_AFTER
            self._database.write(lambda c: logins.forget_servers(c, before=before, id=self._server))
        except DBAPIError:
            return  # it counts as gone when it has been silent for a minute

    def _go_on(self) -> None:
        while not self._is_over.wait(SEEN_EVERY):
            try:
                self._tell()
            except DBAPIError:
                continue  # an outage: the next sign of life comes when the database does

    def _tell(self) -> None:
        self._database.write(
            lambda c: logins.note_server(
                c,
                id=self._server,
                host=socket.gethostname()[:250],
                pid=os.getpid(),
                key_fingerprint=self._fingerprint,
                now=self._now(),
            )
        )


def _read_or_make(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}.{os.getpid()}")
    # Whole before it has its name, and linked, not renamed: of two servers that start at once one key wins
    descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    try:
        os.link(mine, path)
    except FileExistsError:
        pass  # the other process's key counts
    finally:
        mine.unlink()
    return path.read_text().strip()
