"""What signals do to a daemon's log: SIGHUP opens its files again, SIGUSR2 says where every thread stands."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

from tradewind.daemon_log.files import DaemonFiles, redirect
from tradewind.daemon_log.rotation import DaemonLogFile


def reopen(files: DaemonFiles) -> None:
    """Open every file of this process's log again: those that were there before may have been moved away."""
    try:
        redirect(files)
    except OSError as error:
        logging.getLogger(__name__).warning("%s cannot be opened again: %s", error.filename, error.strerror)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, DaemonLogFile):
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
