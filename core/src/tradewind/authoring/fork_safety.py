"""What importing a DAG file leaves behind that a forked process must not share.

- Threads: a fork copies none of them, but the locks that they hold, so that the forked process can wait for ever.
- Descriptors: two processes that share a connection take each other's answers, and move each other's place in a file.
- Random generators of the author's own: each process would draw the same numbers.

All of it is looked up, nothing is known of particular libraries. Linux; elsewhere nothing is forked.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import stat
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradewind.authoring.loaded_modules import modules_since, newest_module

PROBE_SECONDS = 2.0
PROBE_STEP = 0.001
MOST_NAMED = 8


def descriptors() -> frozenset[int]:
    """Return the open descriptors of this process, without the one with which they are listed."""
    try:
        listed = map(int, os.listdir("/proc/self/fd"))  # noqa: PTH208  (numbers, no paths)
    except FileNotFoundError:
        return frozenset()
    return frozenset(number for number in listed if _is_open(number))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before an import.

    Arguments:
        descriptors: those that were open.
        newest_module: the name of the module that was loaded last.
    """

    descriptors: frozenset[int]
    newest_module: str


def before_import() -> Before:
    """Return what there is now, for `hazards` to compare with."""
    return Before(descriptors(), newest_module())


def hazards(root: str, before: Before) -> list[str]:
    """Return what an import has left that makes it unsafe to fork tasks from this process; empty for nothing.

    Arguments:
        root: the folder of the author's modules.
        before: `before_import()` before the import.
    """
    return [
        *(f"the thread {name!r}" for name in _threads_left()[:MOST_NAMED]),
        *(found for number in sorted(descriptors() - before.descriptors) if (found := _shared(number)) is not None),
        *(f"the random generator {name}" for name in _generators(root, before.newest_module)),
    ]


def _threads_left() -> list[str]:
    """Return the names of the threads beside the main one that a fork leaves running.

    Some libraries (numpy's among them) stop their threads before a fork and start them when they are needed again: a fork
    that does nothing tells them from the others. The system is asked, as Python does not know of native threads.
    """
    if not _threads():
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of just what is found out here
        pid = os.fork()
    if not pid:
        os._exit(0)
    deadline = time.monotonic() + PROBE_SECONDS
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:  # it hangs in a library's own code for forks
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(PROBE_STEP)  # a process that may never end cannot be waited for otherwise
    return _threads()


def _threads() -> list[str]:
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return []
    return sorted(name for each in tasks.iterdir() if int(each.name) != os.getpid() and (name := _name(each)))


def _name(thread: Path) -> str:
    try:
        return (thread / "comm").read_text().strip()
    except OSError:
        return ""  # it ended meanwhile


def _shared(number: int) -> str | None:
    """Return what a descriptor is, if processes that share it disturb each other."""
    mode = os.fstat(number).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISDIR(mode):
        return None
    if stat.S_ISSOCK(mode):
        return "an open socket"
    target = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115  (a text that may be no path)
    if stat.S_ISREG(mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND:
        return None  # as log files are: each write goes to the end, whoever writes
    return f"the open file {target}" if stat.S_ISREG(mode) else f"the open {target}"


def _generators(root: str, newest: str) -> Iterator[str]:
    numpy_random: Any = sys.modules.get("numpy.random")
    kinds = (random.Random, numpy_random.Generator, numpy_random.RandomState) if numpy_random else (random.Random,)
    for module_name, module in modules_since(newest):
        if str(getattr(module, "__file__", None)).startswith(f"{root}/"):
            for name, value in list(vars(module).items()):
                if isinstance(value, kinds) and not isinstance(value, random.SystemRandom):
                    yield f"{module_name}.{name}"
