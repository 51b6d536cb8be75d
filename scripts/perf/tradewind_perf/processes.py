"""What trees of processes use: CPU with what ended in them, proportional memory, private memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

MIB = 1 << 20


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all that descend from it; none when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that these processes and their descendants used so far, of ended and waited-for ones too."""
    return sum(_cpu(each) for pid in pids for each in tree(pid))


def generation(pid: int, number: int) -> list[psutil.Process]:
    """Return the living processes so many generations below a process: its children at 1; none when it is gone."""
    found = tree(pid)[:1]
    for _ in range(number):
        found = [child for each in found for child in _children(each)]
    return found


def proportional_bytes(pid: int) -> int:
    """Return the proportional set size of a process and its descendants: pages shared by n count a n-th for each."""
    return sum(_pss(each) for each in tree(pid))


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, of which some may have ended."""
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def private_bytes(pid: int) -> int:
    """Return the anonymous memory of one process that is resident (RssAnon): what a fork has page tables to copy for."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def largest_descendant(pid: int) -> int:
    """Return the private bytes of the largest descendant of a process, 0 without one."""
    return largest(tree(pid)[1:])


def largest(processes: Iterable[psutil.Process]) -> int:
    """Return the private bytes of the largest of some processes, 0 of none."""
    return max((_private(each.pid) for each in processes), default=0)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children()
    except psutil.NoSuchProcess:
        return []
    return found


def _private(pid: int) -> int:
    try:
        return private_bytes(pid)
    except OSError:
        return 0


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
