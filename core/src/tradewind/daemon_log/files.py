"""Which files a daemon's output goes to, told to each of its processes by the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

VARIABLES = {"log": "TRADEWIND_DAEMON_LOG", "out": "TRADEWIND_DAEMON_STDOUT", "err": "TRADEWIND_DAEMON_STDERR"}
MODE = 0o640


@dataclass(frozen=True)
class DaemonFiles:
    """Where a daemon's output goes; None leaves a stream where it is.

    Arguments:
        log: the file of log lines; None writes them to standard error.
        out: what standard output is sent to.
        err: what standard error is sent to.
    """

    log: Path | None = None
    out: Path | None = None
    err: Path | None = None

    @classmethod
    def of_environment(cls) -> DaemonFiles:
        """Return what the process that started this one has put into the environment."""
        found = {name: os.environ.get(variable) for name, variable in VARIABLES.items()}
        return cls(**{name: Path(value) if value else None for name, value in found.items()})

    def environment(self) -> dict[str, str]:
        """Return what tells a process of the same daemon."""
        values = {"log": self.log, "out": self.out, "err": self.err}
        return {VARIABLES[name]: str(path) for name, path in values.items() if path is not None}


def redirect(files: DaemonFiles) -> None:
    """Open the files of standard output and standard error, again if they are open already.

    Raises:
        OSError: when one cannot be written to.
    """
    for path, number, stream in ((files.out, 1, sys.stdout), (files.err, 2, sys.stderr)):
        if path is None:
            continue
        stream.flush()
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        os.dup2(opened, number)
        os.close(opened)
