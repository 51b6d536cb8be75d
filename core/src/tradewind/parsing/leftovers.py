"""What an import leaves behind in its process: threads and sockets. A process with either is not safe to fork.

Python's own count of threads misses native ones, such as those of numpy, polars or gRPC, so the system is asked.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tradewind.parsing.results import Leftovers

_THREADS = Path("/proc/self/task")
_DESCRIPTORS = Path("/proc/self/fd")


def open_sockets() -> frozenset[str]:
    """Return the names of this process's sockets; nothing where the system does not tell."""
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - names are all that is wanted, for each import
            with contextlib.suppress(OSError):  # the descriptor of the listing itself
                found.add(os.readlink(_DESCRIPTORS / name))  # noqa: PTH115
    return frozenset(name for name in found if name.startswith("socket:"))


def leftovers(before: frozenset[str]) -> Leftovers:
    """Return what there is beside the main thread and the sockets of ``before``."""
    return Leftovers(_threads(), len(open_sockets() - before))


def _threads() -> tuple[str, ...]:
    main = str(os.getpid())
    names = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(_THREADS)):  # noqa: PTH208
            if name != main:
                with contextlib.suppress(OSError):  # it has ended since
                    names.append((_THREADS / name / "comm").read_text().strip())
    return tuple(names)
