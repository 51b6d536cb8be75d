"""Wake-ups between daemons: a hint that there is work, never the work itself; polling covers whatever is lost.

PostgreSQL: LISTEN and NOTIFY, always after the commit and on a connection of its own. Inside a transaction that changes
state NOTIFY would take a lock of the whole cluster from pre-commit through the flush and so put all commits in a row.
Elsewhere: datagram sockets in TRADEWIND_HOME.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import os
import select
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote

import sqlalchemy as sa

from tradewind.metadata.engine import Database
from tradewind.metadata.patience import Patience, patient_connect

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
SCHEDULER = "scheduler"
TRIGGERER = "triggerer"
RECONNECT_SECONDS = 1.0
PATIENCE = Patience(connect=3.0, answer=3.0, idle=0.0)
"""What is only a hint is not waited for as long as the work itself."""
IDLE_POLL_SECONDS = 5.0
"""How often a daemon without work looks by itself while wake-ups reach it: what idles costs a statement a second at most."""
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, fewer elsewhere
SOCKET_NUMBERS = itertools.count(1)
# Nothing is lost with this setting but the hint itself. It is the statement's alone: behind a pooler the session is lent,
# and whoever has it next wants his commits on disk.
NOTIFY = "SELECT set_config('synchronous_commit', 'off', true), pg_notify(name, '') FROM unnest(%s::text[]) AS name"


def worker_channel(executor: str) -> str:
    """Return the channel that workers of `executor` listen on."""
    return f"worker:{executor}"


class Wakeups(Protocol):
    """One process's ear and mouth for wake-ups."""

    def notify(self, channels: Iterable[str]) -> None:
        """Wake whoever listens on the channels. Call it after the commit; it never raises for a lost hint."""
        ...

    def fileno(self) -> int:
        """Return the descriptor that turns readable with a wake-up, -1 while there is none; it changes on reconnection."""
        ...

    def drain(self) -> frozenset[str]:
        """Return the channels woken since the last call, without waiting; after a reconnection all of them."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


def open_wakeups(database: Database, home: Path, *, listen: Iterable[str] = (), listen_url: str = "") -> Wakeups:
    """Open this process's wake-ups.

    Arguments:
        database: its dialect decides how.
        home: TRADEWIND_HOME, where sockets stand.
        listen: channels to listen on; none for a process that only notifies.
        listen_url: another way to the same PostgreSQL, where `database` goes through a pooler that drops LISTEN.
    """
    channels = tuple(listen)
    if database.dialect == "postgresql":
        return PostgresWakeups(listen_url or database.url.render_as_string(hide_password=False), channels)
    return SocketWakeups(home, channels)


def wait(wakeups: Wakeups, timeout: float) -> frozenset[str]:
    """Sleep until a wake-up or until `timeout` seconds have passed; return the channels woken."""
    descriptor = wakeups.fileno()
    select.select([descriptor] if descriptor >= 0 else [], [], [], max(0.0, timeout))
    return wakeups.drain()


class SocketWakeups:
    """Datagram sockets, one for each listener and channel, found by their names in one folder."""

    def __init__(self, home: Path, channels: tuple[str, ...]) -> None:
        self._folder = _socket_folder(home)
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.setblocking(False)
        self._mouth = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._mouth.setblocking(False)
        name = f"{os.getpid()}-{next(SOCKET_NUMBERS)}"
        self._paths = [self._folder / f"{quote(channel, safe='')}@{name}" for channel in channels]
        if self._paths:
            self._ear.bind(str(self._paths[0]))
        for alias in self._paths[1:]:
            os.link(self._paths[0], alias)

    def notify(self, channels: Iterable[str]) -> None:
        """See `Wakeups.notify`."""
        wanted = frozenset(channels)
        for entry in list(os.scandir(self._folder)):
            channel = unquote(entry.name.partition("@")[0])
            if channel in wanted:
                self._send(entry.path, channel)

    def _send(self, path: str, channel: str) -> None:
        try:
            self._mouth.sendto(channel.encode(), path)
        except BlockingIOError:
            return  # its buffer is full of wake-ups: it will wake
        except ConnectionRefusedError:
            # its owner died without closing
            with contextlib.suppress(FileNotFoundError):
                Path(path).unlink()
        except OSError as error:
            log.debug("wake-up of %s lost: %s", path, error)

    def fileno(self) -> int:
        """See `Wakeups.fileno`."""
        return self._ear.fileno() if self._paths else -1

    def drain(self) -> frozenset[str]:
        """See `Wakeups.drain`."""
        woken = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                woken.add(self._ear.recv(512).decode())
        return frozenset(woken)

    def close(self) -> None:
        """See `Wakeups.close`."""
        self._ear.close()
        self._mouth.close()
        for path in self._paths:
            path.unlink(missing_ok=True)


def _socket_folder(home: Path) -> Path:
    """Return the folder of sockets: in the home, or under the temporary folder where the home's path is too long."""
    folder = home / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_PATH - 40:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"tradewind-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise PermissionError(f"{folder} belongs to somebody else or can be written by others: remove it")
    return folder


class PostgresWakeups:
    """LISTEN on one connection, NOTIFY on another; both come back by themselves after an outage."""

    def __init__(self, url: str, channels: tuple[str, ...]) -> None:
        # The driver is an extra: only a process that talks to PostgreSQL may ask for it
        import psycopg.sql  # noqa: PLC0415

        self._driver = psycopg
        self._dsn = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channels = channels
        self._ear: psycopg.Connection | None = None
        self._mouth: psycopg.Connection | None = None
        self._speaking = threading.Lock()  # a web server's threads share the mouth
        self._next_attempt = 0.0
        if channels:
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("no wake-ups arrive yet, polling until they do: %s", error)

    def notify(self, channels: Iterable[str]) -> None:
        """See `Wakeups.notify`."""
        names = sorted(frozenset(channels))
        if not names:
            return
        with self._speaking:
            try:
                if self._mouth is None:
                    self._mouth = self._connect()
                self._mouth.execute(NOTIFY, [names])
            except self._driver.Error as error:
                log.debug("wake-up of %s lost: %s", ", ".join(names), error)
                self._close_mouth()

    def fileno(self) -> int:
        """See `Wakeups.fileno`."""
        return -1 if self._ear is None else self._ear.fileno()

    def drain(self) -> frozenset[str]:
        """See `Wakeups.drain`."""
        if not self._channels:
            return frozenset()
        try:
            if self._ear is None:
                return self._reconnected()
            return frozenset(notice.channel for notice in self._ear.notifies(timeout=0))
        except self._driver.Error as error:
            log.info("LISTEN was cut off, polling until it is back: %s", error)
            self._close_ear()
            return frozenset()

    def close(self) -> None:
        """See `Wakeups.close`."""
        self._close_ear()
        self._close_mouth()

    def _close_ear(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    def _close_mouth(self) -> None:
        if self._mouth is not None:
            self._mouth.close()
            self._mouth = None

    def _reconnected(self) -> frozenset[str]:
        if time.monotonic() < self._next_attempt:
            return frozenset()
        self._next_attempt = time.monotonic() + RECONNECT_SECONDS
        self._listen()
        return frozenset(self._channels)

    def _listen(self) -> None:
        ear = self._connect()
        for channel in self._channels:
            ear.execute(self._driver.sql.SQL("LISTEN {}").format(self._driver.sql.Identifier(channel)))
        self._ear = ear

    def _connect(self) -> psycopg.Connection:
        made: psycopg.Connection = patient_connect(
            self._dsn,
            answer=PATIENCE.answer,
            autocommit=True,
            prepare_threshold=None,
            application_name="tradewind wake-ups",
            **PATIENCE.postgres_arguments(),
        )
        return made
