"""Finding and killing what a dead worker left running, so that "its processes ended" is a fact and not a hope.

A worker's processes are known by the mark in their environment (`TRADEWIND_WORKER=<id>`, inherited through forks and execs),
by being descended from such a process, and by the sessions that the worker's journal names: every task leads one, so what
it started is found even when it was given an empty environment. Out of reach is only what leaves the session and drops the
environment and outlives its parents on purpose.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from tradewind.execution.process_table import process_table
from tradewind.execution.processes import kill_process

MOST_ROUNDS = 200
PAUSE = 0.01


def kill_remains(mark: str, sessions: Iterable[int] = (), *, spare: Iterable[int] = ()) -> int:
    """Kill all processes of a worker until none is left; return how many there were.

    Arguments:
        mark: `NAME=value` in their environment.
        sessions: session ids from the worker's journal.
        spare: processes that are never killed, beside this one.
    Raises:
        RuntimeError: some cannot be killed (they hang in the kernel, or belong to somebody else).
    """
    sessions, spared = frozenset(sessions), {os.getpid(), os.getppid(), *spare}
    killed: set[int] = set()
    for _round in range(MOST_ROUNDS):
        found = _find(mark.encode(), sessions) - spared
        if not found:
            _reap(killed)
            return len(killed)
        for pid in found:
            kill_process(pid)
        killed |= found
        _reap(found)
        time.sleep(PAUSE)  # nothing announces the end of processes that are not our children
    raise RuntimeError(f"processes {sorted(found)} of a dead worker cannot be killed")


def reap_session(session: int) -> None:
    """Reap children of this process that ended in that session: it inherited them, being a subreaper.

    Only these: children of other parts of this process are for those parts to wait for.
    """
    for each in process_table().processes():
        if each.is_ended and each.parent == os.getpid() and each.session == session:
            _reap([each.pid])


def _find(mark: bytes, sessions: frozenset[int]) -> set[int]:
    """Return the living processes that are marked, in one of the sessions, or descended from those."""
    table = process_table()
    living = {each.pid: each for each in table.processes() if not each.is_ended}
    found = {pid for pid, each in living.items() if each.session in sessions or mark in table.words(pid)}
    while more := {pid for pid, each in living.items() if each.parent in found} - found:
        found |= more
    return found


def _reap(pids: Iterable[int]) -> None:
    """Reap those that have become children of this process (it is a subreaper)."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
