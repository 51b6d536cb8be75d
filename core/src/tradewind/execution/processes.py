"""What the operating system says of processes: threads, memory, ends.

Linux; elsewhere the answers are the cautious ones.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from tradewind.execution import system

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOST_CHANNEL = 76  # the exit code of a task's process that cannot report, as user code closed its channel


def become_subreaper() -> None:
    """Have orphaned descendants of this process become its children, so that it learns how they end."""
    if system.IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Have this process asked to end (SIGTERM) when its parent dies; called between fork and exec."""
    if system.IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def reap_children() -> list[tuple[int, int]]:
    """Return (pid, status) of every child that has ended, without waiting."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status))


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that a task's process leads, or to it alone before it leads one."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return


def kill_process(pid: int) -> None:
    """Kill one process, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def has_group(pid: int) -> bool:
    """Tell whether processes are left in the group that this process led."""
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def proportional_set_size(pid: int) -> int:
    """Return the bytes of memory of a process, shared pages divided among those who share them; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def limit_memory(more: int) -> None:
    """Let this process, and each that it starts, have at most `more` bytes beyond what it has; 0 sets no limit.

    Counted is memory that it can write to: what is only reserved, as threads and allocators do by the GiB, is not.
    """
    if more:
        _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = _data_size() + more
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _data_size() -> int:
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmData:")]
    return int(found[0]) * 1024 if found else 0


def nest_size(pid: int) -> int:
    """Return the proportional set size of a process that forks tasks and of its waiting child, which shares its pages.

    Tasks are left out; each leads a session of its own.
    """
    try:
        children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        session = os.getsid(pid)
        waiting = [child for child in children if os.getsid(child) == session]
    except OSError:
        waiting = []
    return sum(map(proportional_set_size, [pid, *waiting]))


def describe_exit(status: int, *, sent: signal.Signals | None = None) -> tuple[int, str]:
    """Return the exit code (negative for a signal) and one sentence about a process that ended without an outcome.

    Arguments:
        status: what waitpid returned.
        sent: the signal that this worker sent to it, if any.
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code, f"the process ended by itself with exit code {code} and reported no outcome"
    name = _signal_name(-code)
    if sent is not None and -code == sent:
        return code, f"the process was ended by {name}, sent by its worker"
    if -code == signal.SIGKILL:
        return (
            code,
            f"the process was killed by {name}, not sent by Tradewind: most likely the system ran out of memory",
        )
    return code, f"the process was killed by {name}"


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} (signal {number})"
    except ValueError:
        return f"signal {number}"
