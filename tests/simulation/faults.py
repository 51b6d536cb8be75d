"""The database as actors see it: where a turn may be interrupted, and where misfortunes strike it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pymysql
import sqlalchemy as sa
from simulation.baton import Crash, Held, Plan, Turn, current
from simulation.waits import ARGUMENTS, SimConnection, Waits
from sqlalchemy.exc import InterfaceError, OperationalError
from tradewind.metadata.engine import ATTEMPTS, Database, Result
from tradewind.transitions.applying import SETTLE

if TYPE_CHECKING:
    from simulation.world import World

CONNECTIONS = 40
UNREACHABLE = (OperationalError, InterfaceError)
"""What actors bear, as the product's daemons do. Any other error of the database is the product's mistake, and ends the seed."""
ON_SIDE = ("UPDATE daemon", "UPDATE pulse", "INSERT INTO daemon", "INSERT INTO pulse", "INSERT INTO bucket_lock")
"""Statements that change nothing the checker looks at after each commit."""


class SimDatabase(Database):
    """A database on which the turns of one world at a time act.

    Arguments:
        url: SQLAlchemy URL of an empty database of our own.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=CONNECTIONS)
        self.world: World | None = None
        self.after_commit: list[Callable[[sa.Connection], None]] = []
        self.waits: Waits | None = None
        if self.dialect == "postgresql":
            self.waits = Waits(self.url.set(drivername="postgresql").render_as_string(hide_password=False))
            sa.event.listen(self.engine, "do_connect", self._connect)
            # The session used last again: its plans are there already
            self.engine.pool._pool.use_lifo = True
        sa.event.listen(self.engine, "checkout", self._checked_out)
        sa.event.listen(self.engine, "checkin", self._checked_in)
        sa.event.listen(self.engine, "before_cursor_execute", self._before)
        sa.event.listen(self.engine, "do_execute", self._strike)
        sa.event.listen(self.engine, "do_executemany", self._strike)

    @property
    def is_interleaved(self) -> bool:
        """Whether transactions may be open side by side: elsewhere a wait for a lock would be a hang."""
        return self.waits is not None

    def dispose(self) -> None:
        """See `Database.dispose`."""
        super().dispose()
        if self.waits is not None:
            self.waits.close()

    def play(self, world: World | None) -> None:
        """Let the turns of this world act on the database from now on; None lets nothing befall anybody."""
        self.world = world
        self.after_commit.clear()
        if self.waits is not None:
            self.waits.world = world

    def _connect(self, _dialect: Any, _record: Any, arguments: Any, more: dict[str, Any]) -> Any:
        turn = current()
        if turn is not None and self._is_down():
            turn.is_disturbed = True
            raise gone_error(self.dialect)
        connection = SimConnection.connect(*arguments, **more, **ARGUMENTS)
        connection.waits = self.waits
        return connection

    def _checked_out(self, driver: Any, _record: Any, _proxy: Any) -> None:
        turn = current()
        if turn is not None:
            turn.connections.append(driver)

    def _checked_in(self, driver: Any, _record: Any) -> None:
        turn = current()
        if turn is not None and driver in turn.connections:
            turn.connections.remove(driver)
            turn.is_cut_off = False

    def hang_up(self, turn: Turn) -> None:
        """Undo what the connections of a turn had begun, as the server does when it loses them.

        They are undone here, as a server would notice only some time later. Few are really closed: what follows is
        the same for the product, and a new session is dear. A turn whose statement was ended has nothing left to undo.
        """
        if turn.sending is not None:
            return
        for driver in turn.connections:
            if isinstance(driver, psycopg.Connection) and not driver.closed:
                driver.rollback()
                if self.world is not None and self.world.rng.random() < 0.05:
                    driver.close()
                else:
                    turn.is_cut_off = True  # its next statement must not begin a transaction of its own

    def _is_down(self) -> bool:
        return self.world is not None and self.world.is_down and current() is not None

    # --- Before each statement

    def _before(self, _c: Any, _cursor: Any, text: str, parameters: Any, _ctx: Any, _many: bool) -> None:
        turn, world = current(), self.world
        if turn is None or world is None:
            return
        if text.startswith(("PRAGMA", "BEGIN")) and not turn.is_writing:
            return
        if self.is_interleaved:
            world.baton.may_pause()
            self._stall(turn, world)
        if world.baton.is_over:
            raise Crash
        if _is_due(turn.plan, "crash_at"):
            world.count("crash")
            raise Crash
        turn.statement = text
        if text.startswith("UPDATE daemon SET ended_at"):
            turn.is_judging = True
        if text.startswith(("INSERT", "UPDATE", "DELETE", "WITH")) and not text.startswith(ON_SIDE):
            turn.is_in_doubt = True  # `WITH`: PostgreSQL records ends by an update inside an insert
        if text.startswith("INSERT INTO continuation") and "small cap" in world.faults and SETTLE in repr(parameters):
            world.count("small cap")
        world.log.statement(turn.name, text, parameters)

    def _strike(self, _cursor: Any, _text: str, _parameters: Any, _context: Any) -> None:
        turn, world = current(), self.world
        if turn is None or world is None:
            return
        if self._is_down():
            world.count("outage")
            raise self._hung_up()
        if turn.is_cut_off:
            world.count("outage")
            raise self._hung_up()
        if _is_due(turn.plan, "drop_at"):
            world.count("dropped connection")
            world.log.event(turn.name, "loses its connection")
            raise self._hung_up()
        if turn.is_writing and _is_due(turn.plan, "fail_at"):
            world.count("serialization failure")
            turn.refusals += 1
            world.log.event(turn.name, "is refused")
            if world.rng.random() < 0.3:
                turn.plan.fail_at = world.rng.randint(0, 8)
            raise _refused(self.dialect)

    def _hung_up(self) -> Exception:
        """Close the connections of the turn and return what its driver says then."""
        turn = current()
        if turn is not None:
            turn.is_disturbed = True
            self.hang_up(turn)
        return gone_error(self.dialect)

    def _stall(self, turn: Turn, world: World) -> None:
        if _is_due(turn.plan, "stall_at"):
            turn.is_disturbed = True
            turn.stalled_until = world.clock.at + turn.plan.stall
            world.count("stall")
            world.log.event(turn.name, "stands still")
            world.note(f"{turn.name} stands still for {turn.plan.stall}")
            world.baton.pause()
            turn.stalled_until = None

    # --- Transactions

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """See `Database.read`."""
        self._begin()
        with super().read() as connection:
            yield connection

    def write(self, work: Callable[[sa.Connection], Result], *, collisions: bool = False) -> Result:
        """See `Database.write`. Who was refused as often as he tries again has given up, and not done what there was to do."""
        turn = current()
        if turn is not None:
            turn.refusals = 0
        try:
            return super().write(work, collisions=collisions)
        except UNREACHABLE:
            if turn is not None and turn.refusals >= ATTEMPTS:
                turn.is_disturbed = True
            raise

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """See `Database.transaction`."""
        turn = self._begin()
        if turn is None or self.world is None:
            with super().transaction() as connection:
                yield connection
            return
        self._enter(turn, self.world)
        try:
            with super().transaction() as connection:
                yield connection
                if self.is_interleaved:
                    self.world.baton.may_pause()
                if self._is_down() or turn.is_cut_off:
                    self.world.count("outage")
                    raise OperationalError("COMMIT", {}, gone_error(self.dialect))
                if _is_due(turn.plan, "crash_at"):
                    self.world.count("crash")
                    raise Crash
        finally:
            turn.is_writing = False
        self._committed(turn, self.world)

    def _begin(self) -> Turn | None:
        turn, world = current(), self.world
        if turn is not None and world is not None:
            world.baton.may_pause()
            self._stall(turn, world)
        return turn

    def _enter(self, turn: Turn, world: World) -> None:
        turn.is_writing, turn.is_in_doubt, turn.is_judging = True, False, False
        turn.held = Held()
        turn.began_at = world.commits
        writers = [each for each in world.baton.turns if each.is_writing]
        turn.is_alone = len(writers) == 1
        if not turn.is_alone:
            for each in writers:
                each.is_alone = False

    def _committed(self, turn: Turn, world: World) -> None:
        world.log.event(turn.name, "commits")
        lost, turn.plan.lose_reply = turn.plan.lose_reply, None
        if lost is None:
            while self.after_commit:
                late = self.after_commit.pop(0)
                with super().transaction() as connection:
                    late(connection)
        self.after_commit.clear()
        world.committed(turn)
        if lost is not None:
            turn.is_disturbed = True
            world.count("lost reply")
        if lost == "crash":
            raise Crash
        if lost == "error":
            raise OperationalError("COMMIT", {}, gone_error(self.dialect))

    @contextmanager
    def faulty(self, rng: random.Random, faults: frozenset[str]) -> Iterator[None]:
        """Let faults strike the turn inside the block, by chance."""
        turn = current()
        if turn is None:
            raise AssertionError("faults strike turns")
        turn.plan = draw(rng, faults)
        try:
            yield
        finally:
            turn.plan = Plan()


def draw(rng: random.Random, faults: frozenset[str]) -> Plan:
    """Draw what befalls one turn."""
    plan = Plan()
    if "crash" in faults and rng.random() < 0.08:
        plan.crash_at = rng.randint(0, 12)
    if "lost reply" in faults and rng.random() < 0.08:
        plan.lose_reply = rng.choice(["crash", "error"])
    if "serialization failure" in faults and rng.random() < 0.15:
        plan.fail_at = rng.randint(0, 12)
    if "dropped connection" in faults and rng.random() < 0.06:
        plan.drop_at = rng.randint(0, 12)
    if "stall" in faults and rng.random() < 0.04:
        plan.stall_at, plan.stall = rng.randint(0, 12), timedelta(seconds=rng.choice([3, 15, 30, 50]))
    return plan


def _is_due(plan: Plan, name: str) -> bool:
    """Count a misfortune down; True when it strikes now."""
    left: int | None = getattr(plan, name)
    if left is None:
        return False
    setattr(plan, name, left - 1 if left > 0 else None)
    return left == 0


def gone_error(dialect: str) -> Exception:
    """Return what the driver says when its connection is gone."""
    if dialect == "postgresql":
        return psycopg.OperationalError("the connection is gone, says the simulation")
    if dialect == "sqlite":
        return sqlite3.OperationalError("disk I/O error, says the simulation")
    return pymysql.err.OperationalError(2006, "the server has gone away, says the simulation")


def _refused(dialect: str) -> Exception:
    """Return what the driver says to a transaction that has to be repeated."""
    if dialect == "postgresql":
        return psycopg.errors.DeadlockDetected("deadlock detected, says the simulation")
    if dialect == "sqlite":
        return sqlite3.OperationalError("database is locked, says the simulation")
    return pymysql.err.OperationalError(1213, "deadlock found, says the simulation")
