"""Processes that an import has started and left behind.

They are in the import's process group and die with it, unless they made a session of their own. For those the processor
makes itself the reaper of its descendants (Linux), and then ends every child that it did not start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> bool:
    """Let orphaned descendants become children of this process; return whether the system can do so.

    Only for a process that names all children of its own to :func:`end_orphans`.
    """
    if not sys.platform.startswith("linux"):
        return False
    done: int = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return done == 0


def end_orphans(known: Container[int]) -> int:
    """Kill and reap every child of this process that is not among ``known``; return how many were running.

    Killing one may make its own children ours, so that it goes on until there is none.
    """
    ended = 0
    while strangers := [pid for pid in children_now() if pid not in known]:
        for pid in strangers:
            ended += _end(pid)
    return ended


def _end(pid: int) -> bool:
    """Kill and reap a child; return whether it was still running."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return True
    return False


def children_now() -> list[int]:
    """Return the process ids of this process's children."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:  # a kernel without that file
        return []
    return [int(word) for word in text.split()]
