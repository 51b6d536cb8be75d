"""One running try as its supervisor sees it: its process, its channel, its log."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time

from tradewind_plugins.contracts.log_store import LogStore

from tradewind.execution.channel import Stream
from tradewind.execution.log_keys import log_key
from tradewind.execution.loop import Timer
from tradewind.execution.masking import Masker
from tradewind.execution.messages import Ended, Start
from tradewind.execution.processes import send_signal
from tradewind.execution.task_log import line

log = logging.getLogger(__name__)

CHUNK = 65_536
CHUNKS_A_TURN = 16
MOST_CHUNKS = 64  # more than a pipe holds; a process that the task left behind may write for ever
LONGEST_TAIL = 500


class Running:
    """A try from its start to the end of its process.

    Arguments:
        start: what its process was told.
        logs: where its log goes.
        log_limit: bytes of log that are kept.
    """

    def __init__(self, start: Start, logs: LogStore, log_limit: int) -> None:
        self.start = start
        self.key = (start.instance, start.token)
        self.dispatches = 0
        self.stream: Stream | None = None
        self.log_pipe: int | None = None
        self.theirs: tuple[int, int] | None = None
        self.pid: int | None = None
        self.ended: Ended | None = None
        self.is_reported = False
        self.sent: signal.Signals | None = None
        self.kill_cause: str | None = None
        self.timers: list[Timer] = []
        self.masker = Masker()
        self.log = TryLog(start, logs, log_limit, self.masker)

    def open(self) -> Stream:
        """Make the channel and the log pipe, with the start message in the channel; return the channel.

        The task's ends are in `theirs` until they are handed over.
        """
        ours, theirs = socket.socketpair()
        self.dispatches += 1
        self.stream = Stream(ours)
        self.stream.write(self.start)
        self.log_pipe, log_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.log_pipe, False)
        self.theirs = (theirs.detach(), log_write)
        return self.stream

    def close_theirs(self) -> None:
        """Close the task's ends: they were handed over, or will not be."""
        for descriptor in self.theirs or ():
            os.close(descriptor)
        self.theirs = None

    def read_log(self, *, to_the_end: bool = False) -> bool:
        """Take what the task has logged; return False when the pipe's other ends are all closed."""
        for _turn in range(MOST_CHUNKS if to_the_end else CHUNKS_A_TURN):
            if self.log_pipe is None:
                return False
            try:
                data = os.read(self.log_pipe, CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.log.unmasked.append(data)
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the task's process and to those that it started."""
        if self.pid is not None:
            self.sent = number
            send_signal(self.pid, number)

    def close(self) -> None:
        """Close the channel and the pipe, which the loop has forgotten, and cancel the timers."""
        for timer in self.timers:
            timer.cancel()
        self.close_theirs()
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        if self.log_pipe is not None:
            os.close(self.log_pipe)
            self.log_pipe = None


class TryLog:
    """Writes the log of one try: masked, with a first and a last line of the worker's own, up to a limit.

    A store that fails costs no task: what it did not take is put again with what comes next.
    """

    def __init__(self, start: Start, logs: LogStore, limit: int, masker: Masker) -> None:
        self.store_key = log_key(
            start.dag_id, start.run_id, start.task_id, start.map_index, start.try_number, token=start.token
        )
        self.unmasked: list[bytes] = []
        self.last_line = b""
        self._logs = logs
        self._limit = limit
        self._masker = masker
        self._offset: int | None = None
        self._unwritten: list[bytes] = [self._line("INFO", _first_words(start))]
        self._is_full = False
        self._is_failing = False

    def note(self, level: str, message: str) -> None:
        """Add a line of the worker's own."""
        self._unwritten.append(self._line(level, self._masker.clean(message)))

    def write(self) -> None:
        """Write what has arrived; call it after the channel was read, so that no secret told before is missed."""
        for data in self.unmasked:
            self._take(self._masker.feed(data))
        self.unmasked.clear()
        self._put()

    def end(self, message: str, level: str = "INFO") -> None:
        """Write the rest and the last line, and seal the log."""
        for data in self.unmasked:
            self._take(self._masker.feed(data))
        self.unmasked.clear()
        rest = self._masker.finish()
        if rest:
            self._take(rest + b"\n")
        self.note(level, message)
        self._put()
        try:
            self._logs.seal(self.store_key)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's store raises, the try has ended
            self._tell(error)

    def _take(self, data: bytes) -> None:
        if not data:
            return
        tail = data.rstrip(b"\n")[-LONGEST_TAIL:]
        self.last_line = tail[tail.rfind(b"\n") + 1 :] or self.last_line
        if not self._is_full:
            self._unwritten.append(data)

    def _put(self) -> None:
        if not self._unwritten:
            return
        try:
            if self._offset is None:
                self._offset = self._logs.size(self.store_key)
            data = self._within_limit(b"".join(self._unwritten), self._offset)
            self._unwritten = [data]
            self._logs.put_chunk(self.store_key, self._offset, data)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's store raises, the tasks go on
            self._unwritten = [self._within_limit(b"".join(self._unwritten), self._offset or 0)]
            self._tell(error)
            return
        self._is_failing = False
        self._unwritten.clear()
        self._offset += len(data)

    def _within_limit(self, data: bytes, offset: int) -> bytes:
        """Return what is kept of bytes that begin at an offset; where the limit is reached, a notice ends them."""
        if self._is_full or offset + len(data) <= self._limit:
            return data
        self._is_full = True
        notice = f"The log of this try reached {self._limit} bytes ([logs] max_size); the rest is dropped."
        return data[: max(0, self._limit - offset)] + b"\n" + self._line("WARNING", notice)

    def _tell(self, error: Exception) -> None:
        """Report the first of several failures in a row."""
        if not self._is_failing:
            log.error("the log store did not take %s: %s: %s", self.store_key, type(error).__name__, error)
        self._is_failing = True

    @staticmethod
    def _line(level: str, message: str) -> bytes:
        return f"{line(time.time(), 'worker', 0, level, message)}\n".encode(errors="backslashreplace")


def _first_words(start: Start) -> str:
    mapped = f" [{start.map_index}]" if start.map_index >= 0 else ""
    return (
        f"Try {start.try_number} of {start.max_tries + 1} of task {start.dag_id}.{start.task_id}{mapped}, "
        f"run {start.run_id}, version {start.source_hash[:12]}"
    )
