"""One running try as its supervisor sees it: its process, its channel, its log."""

from __future__ import annotations

import os
import signal
import socket

from tradewind_plugins.contracts.log_store import LogStore

from tradewind.execution.channel import Stream
from tradewind.execution.loop import Timer
from tradewind.execution.masking import Masker
from tradewind.execution.messages import Ended, Start
from tradewind.execution.processes import send_signal
from tradewind.execution.try_log import TryLog

CHUNK = 65_536
TASK_ENDED = "task-ended"
CHUNKS_A_TURN = 16
MOST_CHUNKS = 64  # more than a pipe holds; a process that the task left behind may write for ever


def key_of(start: Start) -> tuple[int, int]:
    """Return the name of a try, or of a callback, among all that a worker runs: ids of rows are above 0, here below."""
    if start.callback is None:
        return start.instance, start.token
    return -start.callback["id"], start.callback["token"]


class Running:
    """A try from its start to the end of its process.

    Arguments:
        start: what its process was told.
        logs: where its log goes.
        log_limit: bytes of log that are kept.
    """

    def __init__(self, start: Start, logs: LogStore, log_limit: int) -> None:
        self.start = start
        self.key = key_of(start)
        self.is_callback = start.callback is not None
        self.called: set[int] = set()
        self.dispatches = 0
        self.stream: Stream | None = None
        self.log_pipe: int | None = None
        self.theirs: tuple[int, int] | None = None
        self.pid: int | None = None
        self.ended: Ended | None = None
        self.is_reported = False
        self.is_asking = False
        self.is_cut_off = False
        self.sent: signal.Signals | None = None
        self.kill_cause: str | None = None
        self.kill_id = TASK_ENDED
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
        self.log_pipe, log_write = os.pipe()
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
            self.log.receive(data)
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
