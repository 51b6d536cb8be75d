"""The processes of this machine: their parents, their sessions, the words of their command lines and environments.

From `/proc` on Linux, elsewhere from `ps`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tradewind.execution import system

PROC = Path("/proc")
ENDED = "ZX"


@dataclass(frozen=True, slots=True)
class Process:
    """One process; `is_ended` for one that only waits to be reaped."""

    pid: int
    parent: int
    session: int
    is_ended: bool


class ProcessTable(ABC):
    """A way to look at the processes of this machine."""

    @abstractmethod
    def processes(self) -> Iterator[Process]:
        """Yield the processes that there are now."""

    @abstractmethod
    def words(self, pid: int) -> frozenset[bytes]:
        """Return the arguments of a process and the `NAME=value` of its environment; nothing where that is not allowed."""


class ProcFolder(ProcessTable):
    """Linux."""

    def processes(self) -> Iterator[Process]:
        """See `ProcessTable.processes`."""
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                try:
                    state, parent, _group, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                except OSError:
                    continue
                yield Process(int(entry.name), int(parent), int(session), state in ENDED)

    def words(self, pid: int) -> frozenset[bytes]:
        """See `ProcessTable.words`."""
        try:
            parts = [(PROC / str(pid) / name).read_bytes().split(b"\0") for name in ("cmdline", "environ")]
        except OSError:
            return frozenset()
        return frozenset(parts[0] + parts[1])


class PsListing(ProcessTable):
    """Other systems. Of a word with blanks only the parts are known."""

    def __init__(self) -> None:
        self._words: dict[int, frozenset[bytes]] = {}

    def processes(self) -> Iterator[Process]:
        """See `ProcessTable.processes`."""
        how = ["-AEww"] if sys.platform == "darwin" else ["axeww"]
        command = ["ps", *how, "-o", "pid=,ppid=,stat=,command="]
        listed = subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603  (ours, without a shell)
        for line in listed.splitlines():
            pid, parent, state, *words = line.split()
            try:
                session = os.getsid(int(pid))
            except OSError:
                continue
            self._words[int(pid)] = frozenset(words)
            yield Process(int(pid), int(parent), session, chr(state[0]) in ENDED)

    def words(self, pid: int) -> frozenset[bytes]:
        """See `ProcessTable.words`; as of the last listing."""
        return self._words.get(pid, frozenset())


def process_table() -> ProcessTable:
    """Return the way to look at processes that this system has."""
    return ProcFolder() if system.IS_LINUX else PsListing()
