"""The daemons' own log: lines on standard error or in a file, at the configured level; reopened when it was moved.

Every process of a daemon configures its log here: the commands, and the worker's supervisor, which is told the files by its
environment. A file that was moved away (logrotate) is noticed at the next line, so that no line is lost however late SIGHUP
comes; SIGHUP also opens anew what standard output and standard error go to, which nobody can notice by himself.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tradewind.config import Config

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
MOMENT = "%Y-%m-%dT%H:%M:%S"
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


def configure_log(config: Config, files: DaemonFiles | None = None) -> None:
    """Send this process's log to its file, or to standard error, and its streams to theirs.

    Raises:
        ValueError: when `logs.level` is no level.
        OSError: when a file cannot be written to.
    """
    files = files or DaemonFiles()
    redirect(files)
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if files.log is not None:
        handler = logging.handlers.WatchedFileHandler(files.log, encoding="utf-8")
    handler.setFormatter(logging.Formatter(LINE, datefmt=MOMENT))
    logging.basicConfig(handlers=[handler], level=config.logs.level.upper())


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


def reopen(files: DaemonFiles) -> None:
    """Open every file of this process's log again: those that were there before may have been moved away."""
    try:
        redirect(files)
    except OSError as error:
        logging.getLogger(__name__).warning("%s cannot be opened again: %s", error.filename, error.strerror)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.handlers.WatchedFileHandler):
            handler.acquire()
            try:
                handler.reopenIfNeeded()
            finally:
                handler.release()


def obey_log_signals(files: DaemonFiles, also: Callable[[], None] = lambda: None) -> None:
    """SIGHUP reopens the log, SIGUSR2 writes where every thread stands to standard error.

    In a terminal SIGHUP keeps its meaning: the terminal is gone, so the process ends.

    Arguments:
        also: done after the log was reopened, such as telling a child.
    """
    faulthandler.register(signal.SIGUSR2, file=2, all_threads=True)
    if any(os.isatty(number) for number in range(3)):
        return

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        reopen(files)
        also()

    signal.signal(signal.SIGHUP, on_hangup)
