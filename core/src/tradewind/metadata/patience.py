"""How long a daemon waits for the database, so that no packet that vanishes holds its loop for longer.

Three things can be silent: a server that is busy or waits for a lock, a network that swallows packets, and a daemon of ours that
was stopped in the middle of a transaction, with locks that others need. The server's own time-outs end the first and the
last; the second ends here, as nobody else is left who could tell.

A daemon that went silent in the middle of a batch of statements (a pipeline) is not idle to PostgreSQL, but busy: what ends that
is the server's own look at the network, and from PostgreSQL 17 on the longest time that a transaction may take.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tradewind.config.sections import DatabaseSection, LeasesSection

KEEPALIVE = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
SERVERS_KEEPALIVE = {"tcp_keepalives_idle": "5s", "tcp_keepalives_interval": "2s", "tcp_keepalives_count": "3"}
TRANSACTION_TIMEOUT_SINCE = 17_00_00
"""The version of PostgreSQL, as its library counts, that ends a transaction by how long it takes."""
STATEMENTS = 4
"""How many statements of one transaction may take as long as one may."""
LATER = 1.0
"""Seconds that the server's own time-out comes before the client's: its answer leaves the connection usable."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds.

    Arguments:
        connect: for a connection to come about, for each address that the host has.
        answer: for the answer to one statement; 0 waits for ever.
        idle: after which the server ends a transaction that is open and asks nothing; 0 never.
    """

    connect: float
    answer: float
    idle: float

    @classmethod
    def of(cls, database: DatabaseSection, leases: LeasesSection) -> Patience:
        """Return what a configuration gives daemons: a transaction of one that stands still lasts as long as its lease."""
        return cls(database.connect_timeout, database.answer_timeout, leases.duration)

    def postgres_arguments(self) -> dict[str, Any]:
        """Return arguments of psycopg's `connect`."""
        limits = {"tcp_user_timeout": round(self.answer * 1000)} if self.answer else {}
        return {**KEEPALIVE, **limits, "connect_timeout": max(2, round(self.connect))}

    @property
    def transaction(self) -> float:
        """The longest that a transaction takes, in seconds; 0 for as long as it likes."""
        return STATEMENTS * self.answer + self.idle if self.answer and self.idle else 0.0

    def postgres_settings(self, version: int) -> dict[str, str]:
        """Return settings of a session of PostgreSQL.

        Arguments:
            version: of the server, as its library counts: 17.2 is 170002.
        """
        found = {
            "statement_timeout": max(0.0, self.answer - LATER),
            "idle_in_transaction_session_timeout": self.idle,
            "tcp_user_timeout": self.answer,
        }
        if version >= TRANSACTION_TIMEOUT_SINCE:
            found["transaction_timeout"] = self.transaction
        times = {name: f"{round(seconds * 1000)}ms" for name, seconds in found.items() if seconds}
        return {**SERVERS_KEEPALIVE, **times}

    def mariadb_arguments(self) -> dict[str, Any]:
        """Return arguments of PyMySQL's `connect`."""
        limits = {"read_timeout": self.answer, "write_timeout": self.answer} if self.answer else {}
        return {**limits, "connect_timeout": max(1, round(self.connect))}

    def mariadb_settings(self) -> str:
        """Return assignments for SET, which a MySQL takes for a comment: it has none of these."""
        found = [f"max_statement_time = {self.answer - LATER:.3f}"] if self.answer > LATER else []
        found += [f"idle_transaction_timeout = {max(1, round(self.idle))}"] if self.idle else []
        return f" /*M!100301 , {', '.join(found)} */" if found else ""


def patient_connect(*words: Any, answer: float, **arguments: Any) -> Any:
    """Connect to PostgreSQL; a connection that gives no answer for so many seconds is closed, and that is an error."""
    return _patient_class().connect_patiently(answer, *words, **arguments)


@lru_cache(maxsize=1)
def _patient_class() -> Any:
    # The driver is an extra: only a process that talks to PostgreSQL may ask for it
    driver: Any = importlib.import_module("psycopg")

    class PatientConnection(driver.Connection):  # type: ignore[misc]
        """A connection that is not waited for without end."""

        answer = 0.0

        @classmethod
        def connect_patiently(cls, answer: float, *words: Any, **arguments: Any) -> PatientConnection:
            made: PatientConnection = cls.connect(*words, **arguments)
            made.answer = answer
            return made

        def wait(self, gen: Any, *words: Any, **options: Any) -> Any:
            if self.answer:
                gen = self._limited(gen)
            return super().wait(gen, *words, **options)

        def _limited(self, gen: Any) -> Generator[Any, Any, Any]:
            # psycopg sends something false each tenth of a second in which nothing has come
            deadline = time.monotonic() + self.answer
            try:
                state = next(gen)
                while True:
                    ready = yield state
                    if not ready and time.monotonic() > deadline:
                        self.pgconn.finish()  # what would come late belongs to a statement that nobody waits for
                        raise driver.OperationalError(
                            f"no answer came within {self.answer:g} s ([database] answer_timeout); the connection is given up"
                        )
                    state = gen.send(ready)
            except StopIteration as end:
                return end.value

    return PatientConnection
