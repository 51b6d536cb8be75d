"""Where the lines of child processes go: each with its child's name in front, to the terminal or to the log file."""

from __future__ import annotations

import logging
from logging.handlers import WatchedFileHandler

from tradewind.daemon_log import DaemonFiles

WIDTH = 13


class ChildLines:
    """Writes lines; a log file that was moved away is begun anew.

    Arguments:
        files: names the log file; without one lines go to standard output.
    """

    def __init__(self, files: DaemonFiles) -> None:
        self._log = None if files.log is None else WatchedFileHandler(files.log, encoding="utf-8")

    def __call__(self, name: str, line: str) -> None:
        text = f"{name:<{WIDTH}} | {line}"
        if self._log is None:
            print(text, flush=True)
        else:
            self._log.handle(logging.makeLogRecord({"msg": text}))

    def close(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()
