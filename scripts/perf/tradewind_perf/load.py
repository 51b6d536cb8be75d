"""How busy the machine was with other work while something was measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tradewind_perf.processes import cpu_seconds

TICKS = os.sysconf("SC_CLK_TCK")
BUSY_SHARE = 0.10
"""Above this share of all cores' time taken by others, milliseconds are no longer to be trusted."""


@dataclass(frozen=True)
class Load:
    """The machine during one run.

    Arguments:
        average: the load average of the last minute, at the end of the run.
        others: the share of all cores' time that processes outside the kit took, 0 to 1.
    """

    average: float
    others: float

    @property
    def is_busy(self) -> bool:
        """Whether others took so much that the figures are in doubt."""
        return self.others > BUSY_SHARE

    def __str__(self) -> str:
        return f"load {self.average:.1f}, others {self.others:.0%}"


class LoadWatch:
    """Watches from when it is made; everything that descends from this process is its own work."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._busy, self._own = _busy_seconds(), cpu_seconds([os.getpid()])

    def look(self) -> Load:
        """Return the load since it was made."""
        seconds = max(time.monotonic() - self._began, 1 / TICKS)
        others = (_busy_seconds() - self._busy) - (cpu_seconds([os.getpid()]) - self._own)
        share = others / seconds / (os.cpu_count() or 1)
        return Load(os.getloadavg()[0], min(max(share, 0.0), 1.0))


def _busy_seconds() -> float:
    """Return the CPU seconds of the whole machine but idle, waiting for disks, and what a host took away."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
    user, nice, system, _idle, _waiting, irq, soft = fields
    return (user + nice + system + irq + soft) / TICKS
