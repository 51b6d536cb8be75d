"""The database as actors see it: it may crash them between two statements, or commit and lose the reply."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from tradewind.metadata.engine import Database

Result = TypeVar("Result")


class Crash(BaseException):
    """The actor died here. Not an `Exception`: nothing in the product may catch it and go on."""


class SimDatabase(Database):
    """A database that counts statements and strikes where it is told to.

    `strike_at` is the number of statements after which the next one kills its caller, None for never; `lose_reply` kills the
    caller right after the next commit.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.strike_at: int | None = None
        self.lose_reply = False
        self.is_calm = False
        self.transaction_number = 0
        self.is_writing = False
        self.writes = 0
        self.after_commit: list[Callable[[sa.Connection], None]] = []
        sa.event.listen(self.engine, "before_cursor_execute", self._before)

    def _before(self, _c: Any, _cursor: Any, text: str, _p: Any, _ctx: Any, _many: bool) -> None:
        if text.startswith(("INSERT", "UPDATE", "DELETE")) and not text.startswith(("UPDATE daemon", "UPDATE pulse")):
            self.writes += 1
        if self.is_calm or self.strike_at is None or text.startswith(("BEGIN", "PRAGMA")):
            return
        if self.strike_at == 0:
            self.strike_at = None
            raise Crash
        self.strike_at -= 1

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """See `Database.transaction`."""
        self.transaction_number += 1
        self.is_writing = True
        try:
            with super().transaction() as connection:
                yield connection
        finally:
            self.is_writing = False
        if self.lose_reply:
            self.lose_reply = False
            self.after_commit.clear()
            raise Crash
        while self.after_commit:
            late = self.after_commit.pop(0)
            with super().transaction() as connection:
                late(connection)

    @contextmanager
    def calm(self) -> Iterator[sa.Connection]:
        """Yield a connection for the checker, on which nothing strikes."""
        self.is_calm = True
        try:
            with self.engine.connect() as connection:
                yield connection
        finally:
            self.is_calm = False

    @contextmanager
    def faulty(self, rng: random.Random, faults: frozenset[str]) -> Iterator[None]:
        """Let faults strike inside the block, by chance."""
        if "crash" in faults and rng.random() < 0.08:
            self.strike_at = rng.randint(0, 12)
        if "lost reply" in faults and rng.random() < 0.08:
            self.lose_reply = True
        try:
            yield
        finally:
            self.strike_at = None
            self.lose_reply = False
            self.after_commit.clear()
