"""Waiting for locks on PostgreSQL as steps: a statement that would wait parks its turn until the lock is granted.

The statements are the product's own and so are the waits: nothing is asked with NOWAIT, and nothing is sent twice. What makes
them repeatable is that at most one backend runs at any time:

- a statement that has no answer yet is either still running or blocked, and `pg_blocking_pids` tells which; time plays no part;
- a blocked backend is stopped (SIGSTOP), so that a lock it is granted later does not set it going;
- after each statement the backends that have been granted their locks are let run one at a time, in an order that the
  seed draws, each until its statement is over or blocked again.

PostgreSQL's own search for deadlocks is put off for ever: a cycle of waits is found here, when it closes.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.waiting import Ready, Wait
from simulation.baton import Turn, current

if TYPE_CHECKING:
    from simulation.world import World

PATIENCE_MS = 1.0
ARGUMENTS = {"options": "-c deadlock_timeout=1h -c jit=off"}
_BLOCKED = "SELECT p, pg_blocking_pids(p) FROM unnest(%s::int[]) AS p"


class SimConnection(psycopg.Connection[Any]):
    """A connection whose statements can be interrupted while they wait for a lock."""

    waits: Waits | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **more: Any) -> Any:
        """See `psycopg.Connection.wait`: every statement goes through here."""
        turn = current()
        if turn is None or self.waits is None:
            return super().wait(gen, *args, **more)
        return self.waits.send(turn, Sending(self, gen))


class Sending:
    """A statement on its way."""

    def __init__(self, connection: SimConnection, steps: Generator[Any, Any, Any]) -> None:
        self.connection = connection
        self.pid = connection.pgconn.backend_pid
        self._socket = connection.pgconn.socket
        self._steps = steps
        self._wanted: Any = None
        self._has_begun = False
        self.is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def advance(self, patience_ms: float | None) -> bool:
        """Go on until the answer is complete (True), or nothing has come for a while (False)."""
        try:
            if not self._has_begun:
                self._has_begun = True
                self._wanted = next(self._steps)
            while True:
                ready = _poll(self._socket, self._wanted, patience_ms)
                if ready is None:
                    return False
                self._wanted = self._steps.send(ready)
        except StopIteration as end:
            self._result = end.value
        except Exception as error:  # noqa: BLE001  (it is raised where the statement was sent)
            self._error = error
        self.is_done = True
        return True

    def fail(self, error: Exception) -> None:
        """Let the statement fail, whatever its answer was."""
        self._error = error

    def result(self) -> Any:
        """Return the answer, or raise what the driver raised."""
        if self._error is not None:
            raise self._error
        return self._result


def _poll(socket: int, wanted: Any, patience_ms: float | None) -> Ready | None:
    poll = select.poll()
    poll.register(socket, (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0))
    for _, events in poll.poll(patience_ms):
        readable = Ready.R if events & (select.POLLIN | select.POLLHUP | select.POLLERR) else 0
        return Ready(readable | (Ready.W if events & select.POLLOUT else 0))
    return None


class Waits:
    """The locks that turns wait for, on one server of ours."""

    def __init__(self, url: str) -> None:
        self._monitor = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self.parked: list[Turn] = []
        self.world: World | None = None

    def close(self) -> None:
        """Give the connection back."""
        self._monitor.close()

    def send(self, turn: Turn, sending: Sending) -> Any:
        """Send a statement; the turn is parked while it waits for a lock."""
        if not self._goes_through(sending):
            self._park(turn, sending)
        self.release_granted()
        return sending.result()

    def _goes_through(self, sending: Sending) -> bool:
        """Wait until a statement is over (True) or blocked (False)."""
        world = self.world
        patience = PATIENCE_MS if world is not None and world.baton.others_are_open() else None
        while not sending.advance(patience):
            if self._blocked([sending.pid]):
                return False
        return True

    def _blocked(self, pids: list[int]) -> dict[int, list[int]]:
        """Return who blocks whom, of those that are blocked."""
        rows = self._monitor.execute(_BLOCKED, [pids]).fetchall()
        return {pid: blockers for pid, blockers in rows if blockers}

    def _park(self, turn: Turn, sending: Sending) -> None:
        world = self.world
        if world is None:
            raise AssertionError("a statement waits for a lock, but no world is being played")
        os.kill(sending.pid, signal.SIGSTOP)
        turn.sending = sending
        self.parked.append(turn)
        world.count("lock wait")
        world.log.event(turn.name, "waits")
        self._require_no_cycle(turn)
        world.baton.pause()
        turn.sending = None

    def _require_no_cycle(self, last: Turn) -> None:
        """Return if nobody waits for himself; the one who parked last closes each cycle."""
        world = self.world
        turns = {turn.sending.pid: turn for turn in self.parked if turn.sending is not None}
        blocked = self._blocked(list(turns))
        start = last.sending.pid if last.sending is not None else 0
        seen: list[int] = []
        todo = list(blocked.get(start, ()))
        while todo:
            pid = todo.pop()
            if pid == start and world is not None:
                names = [
                    f"{turns[each].name}: {turns[each].statement[:300]}" for each in [start, *seen] if each in turns
                ]
                world.deadlock(names)
                return
            if pid not in seen:
                seen.append(pid)
                todo += blocked.get(pid, ())

    def release_granted(self) -> None:
        """Let those whose locks were granted go on, one at a time, each until its statement is over or blocked again."""
        world = self.world
        while self.parked and world is not None:
            turns = {turn.sending.pid: turn for turn in self.parked if turn.sending is not None}
            blocked = self._blocked(list(turns))
            granted = [turn for pid, turn in turns.items() if pid not in blocked]
            if not granted:
                return
            turn = world.baton.rng.choice(granted)
            if turn.sending is None:
                raise AssertionError("a parked turn has no statement")
            os.kill(turn.sending.pid, signal.SIGCONT)
            if self._goes_through(turn.sending):
                self.parked.remove(turn)
                world.log.event(turn.name, "goes on")
            else:
                os.kill(turn.sending.pid, signal.SIGSTOP)
                world.log.event(turn.name, "waits again")
                self._require_no_cycle(turn)

    def hang_up(self, turn: Turn, error: Exception) -> None:
        """End the statement of a parked turn, which fails there with `error`."""
        sending = turn.sending
        if sending is None:
            return
        self.parked.remove(turn)
        os.kill(sending.pid, signal.SIGCONT)
        while not sending.advance(PATIENCE_MS):
            self._monitor.execute("SELECT pg_cancel_backend(%s)", [sending.pid])
        sending.fail(error)
