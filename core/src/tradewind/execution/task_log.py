"""The log of a task, inside its process: `logging`, `print` and the standard streams, in lines of one format.

`[2026-01-01T00:00:00.000+00:00] {file.py:12} INFO - message`. What is written to descriptors 1 and 2 past Python (by
subprocesses, by C code) reaches the log as it is.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import time
import traceback

NEVER_SHOWN = (__file__, logging.__file__)
LONGEST_LINE = 1 << 20
OUR_FOLDERS = (
    "/tradewind/execution/",
    "/tradewind/operators/",
    "/tradewind/sensors/",
    "/tradewind/authoring/",
    "/tradewind_plugins/",
)


class _Process:
    """The streams of a task's process; none in a process that is not a task's own."""

    streams: tuple[PrintedLines, ...] = ()


_process = _Process()


def _stamp(seconds: float) -> str:
    whole = time.gmtime(seconds)
    milliseconds = int(seconds * 1000) % 1000
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', whole)}.{milliseconds:03d}+00:00"


def line(seconds: float, file: str, number: int, level: str, message: str) -> str:
    """Return one line of a task's log, without its end."""
    return f"[{_stamp(seconds)}] {{{file}:{number}}} {level} - {message}"


class LineFormatter(logging.Formatter):
    """Formats records as the log's lines, with the traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        text = line(record.created, record.filename, record.lineno, record.levelname, record.getMessage())
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            text = f"{text}\n{record.exc_text}"
        return text if not record.stack_info else f"{text}\n{self.formatStack(record.stack_info)}"


class DescriptorHandler(logging.Handler):
    """Writes records to a descriptor, one write each, so that lines of several processes do not mix."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        try:
            write_all(self._descriptor, f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except Exception:  # noqa: BLE001  (logging's own rule: a log call does not raise)
            self.handleError(record)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; a pipe may take it in parts."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class PrintedLines(io.TextIOBase):
    """What takes the place of `sys.stdout`: each printed line becomes a line of the log, with the place of the print."""

    def __init__(self, descriptor: int, level: str) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._level = level
        self._partial = ""
        self._raw = io.FileIO(descriptor, "w", closefd=False)
        self.buffer = io.BufferedWriter(self._raw)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Bytes are UTF-8."""
        return "utf-8"

    def fileno(self) -> int:
        """Return the descriptor, for subprocesses."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return False."""
        return False

    def write(self, text: str) -> int:
        """Log every line that `text` completes."""
        head, newline, tail = text.rpartition("\n")
        if newline:
            self._emit(self._partial + head)
            self._partial = tail
        else:
            self._partial += tail
            if len(self._partial) > LONGEST_LINE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Log a line that is not complete yet, and bytes that were written to `buffer`."""
        if self._partial:
            text, self._partial = self._partial, ""
            self._emit(text)
        self.buffer.flush()

    def _emit(self, text: str) -> None:
        file, number = _caller()
        now = time.time()
        lines = [line(now, file, number, self._level, each) for each in text.split("\n")]
        write_all(self._descriptor, ("\n".join(lines) + "\n").encode(errors="backslashreplace"))


def _caller() -> tuple[str, int]:
    frame = sys._getframe(1)  # noqa: SLF001  (the documented way to the caller, as logging does it)
    while frame.f_back is not None and frame.f_code.co_filename in NEVER_SHOWN:
        frame = frame.f_back
    return os.path.basename(frame.f_code.co_filename), frame.f_lineno  # noqa: PTH119  (on the path of every print)


def settle() -> None:
    """Point the streams of this process at descriptors 1 and 2, in the log's format: done in the zygote, for all."""
    out, err = PrintedLines(1, "INFO"), PrintedLines(2, "WARNING")
    sys.stdout, sys.stderr = out, err
    _process.streams = (out, err)
    root = logging.getLogger()
    root.handlers[:] = [DescriptorHandler(1)]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)


def attach(descriptor: int) -> None:
    """Make the pipe `descriptor` the standard output and error of this process."""
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def flush() -> None:
    """Write out what is buffered; user code may have closed or replaced the streams."""
    for stream in (*_process.streams, sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue


def log_failure(error: BaseException) -> None:
    """Log an exception of the user's code with its traceback, without the frames of Tradewind above it.

    In a task's own process it is written past `logging`, which user code may have configured to its liking.
    """
    shown = traceback.TracebackException.from_exception(error)
    while len(shown.stack) > 1 and _is_ours(shown.stack[0].filename):
        del shown.stack[0]
    text = "".join(shown.format()).rstrip()
    heading = "".join(shown.format_exception_only()).strip().partition("\n")[0]
    if not _process.streams:
        logging.getLogger("tradewind.task").error("%s\n%s", heading, text)
        return
    place = shown.stack[-1] if shown.stack else None
    file, number = (os.path.basename(place.filename), place.lineno or 0) if place else ("task", 0)  # noqa: PTH119
    said = f"{line(time.time(), file, number, 'ERROR', heading)}\n{text}\n"
    with contextlib.suppress(OSError):  # user code closed the log: the cause is told all the same
        write_all(1, said.encode(errors="backslashreplace"))


def _is_ours(filename: str) -> bool:
    """Whether a frame above the user's is Tradewind's: of the execution, of the operator that calls the function."""
    return any(folder in filename for folder in OUR_FOLDERS)
