"""Where the lines of child processes go: each with its child's name in front, to the terminal or to the log file.

With `logs.format = "json"` the children's objects stay as they are, as they name their process; what else they print becomes one.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone

from tradewind.config.sections import LogsSection
from tradewind.daemon_log import DaemonFiles, file_handler

WIDTH = 13


class ChildLines:
    """Writes lines; a log file that was moved away is begun anew.

    Arguments:
        files: names the log file; without one lines go to standard output.
        logs: the form of lines, and when the file is put aside.
    """

    def __init__(self, files: DaemonFiles, logs: LogsSection) -> None:
        self._log = None if files.log is None else file_handler(logs, files.log)
        self._is_json = logs.format == "json"

    def __call__(self, name: str, line: str) -> None:
        text = _as_json(name, line) if self._is_json else f"{name:<{WIDTH}} | {line}"
        if self._log is None:
            print(text, flush=True)
        else:
            self._log.handle(logging.makeLogRecord({"msg": text}))

    def close(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()


def _as_json(name: str, line: str) -> str:
    if line.startswith('{"time":'):
        return line
    moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {"time": moment, "level": "INFO", "logger": "output", "message": line, "process": name}, ensure_ascii=False
    )
