"""Holding a process to a share of one core by a control group of its own, version 2 or version 1."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

PERIOD = 20_000
"""Microseconds of one period: short, so that a held process pauses often and briefly."""
_NUMBERS = itertools.count()


def _folder() -> tuple[Path, int] | None:
    """Return where groups with a CPU quota can be made, and which version that is; None where they cannot."""
    unified, old = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")
    with contextlib.suppress(OSError):
        if "cpu" in (unified / "cgroup.subtree_control").read_text().split() and os.access(unified, os.W_OK):
            return unified, 2
    if (old / "cpu.cfs_quota_us").exists() and os.access(old / "cgroup.procs", os.W_OK):
        return old, 1
    return None


class CpuShare:
    """A control group that one process is in.

    Arguments:
        pid: the process; what it starts later is held with it.
        share: of one core, such as 0.15.
    Raises:
        OSError: the system refuses; ask `is_possible` first.
    """

    def __init__(self, pid: int, share: float) -> None:
        found = _folder()
        if found is None:
            raise OSError("no CPU quota can be set for a process here")
        folder, version = found
        self._parent = folder
        self._group = folder / f"tradewind-perf-{os.getpid()}-{next(_NUMBERS)}"
        self._group.mkdir()
        try:
            self._hold(pid, version, int(PERIOD * share))
        except OSError:
            self._group.rmdir()
            raise

    def _hold(self, pid: int, version: int, quota: int) -> None:
        if version == 2:
            (self._group / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            (self._group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self._group / "cpu.cfs_quota_us").write_text(str(quota))
        (self._group / "cgroup.procs").write_text(str(pid))

    @staticmethod
    def is_possible() -> bool:
        """Tell whether this process may do it, by doing it to a group without members."""
        found = _folder()
        if found is None:
            return False
        group = found[0] / f"tradewind-perf-try-{os.getpid()}"
        try:
            group.mkdir()
            limit = ("cpu.max", f"{PERIOD} {PERIOD}") if found[1] == 2 else ("cpu.cfs_quota_us", "100000")
            (group / limit[0]).write_text(limit[1])
            group.rmdir()
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            return False
        return True

    def lift(self) -> None:
        """Let the members go and remove the group."""
        for member in (self._group / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                (self._parent / "cgroup.procs").write_text(member)
        for _ in range(50):
            try:
                self._group.rmdir()
            except OSError:
                time.sleep(0.02)  # a member that is just ending
            else:
                return
