"""A single-threaded process that forks: it waits for packets, reaps its children and reports how they ended.

The zygote and the warm parents are nests. A nest holds no lock, no thread and no database connection, so that what it
forks starts from a clean state; it never runs user code outside an import.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from tradewind.execution.channel import receive_packet, send_packet
from tradewind.execution.messages import ChildExited, Message

SOFTWARE_ERROR = 70
DRAIN = 4096


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Give SIGCHLD a handler, without which Python would write nothing to the wake-up descriptor."""


class Nest:
    """Forks children and waits for packets on its control socket and for the ends of its children.

    Arguments:
        control: packets from and to the supervisor.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: set[int] = set()
        self.ended: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(control.fileno(), select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)

    def forget(self, descriptor: int) -> None:
        """Watch a descriptor no more."""
        self._poll.unregister(descriptor)

    def watch(self, descriptor: int) -> None:
        """Have `wait` return this descriptor too when it can be read."""
        self._poll.register(descriptor, select.POLLIN)

    def wait(self) -> set[int]:
        """Wait for something to read; reap children and report their ends on the way. Return the other descriptors.

        The children that were reaped, and the exit codes with which they ended, are in `ended` then.
        """
        self.ended = {}
        ready = {descriptor for descriptor, _event in self._poll.poll()}
        if self._wake_read in ready:
            ready.remove(self._wake_read)
            os.read(self._wake_read, DRAIN)
            self._reap()
        return ready

    def packet(self) -> tuple[Message | None, list[int]]:
        """Return the next packet from the supervisor; None when it is gone."""
        try:
            return receive_packet(self.control)
        except ConnectionResetError:
            return None, []

    def report(self, item: Message) -> None:
        """Send a message to the supervisor.

        One that is gone needs no report: the nest sees the end of `control` next.
        """
        try:
            send_packet(self.control, item)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _reap(self) -> None:
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            self.ended[pid] = os.waitstatus_to_exitcode(status)
            self.report(ChildExited(pid, status))

    def fork(self, work: Callable[[], int]) -> int:
        """Fork a child that does `work` and exits with its result; return its pid."""
        pid = os.fork()
        if pid:
            self.children.add(pid)
            return pid
        code = SOFTWARE_ERROR
        try:
            self._leave()
            code = work()
        except BaseException:  # noqa: BLE001  (whatever happens, a forked child must not return into its parent's loop)
            traceback.print_exc()
        finally:
            leave_process(code)

    def _leave(self) -> None:
        """Give up, in a child, what belongs to the nest."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)
        self.control.close()


def leave_process(code: int) -> NoReturn:
    """Flush and end this process at once: an ordinary exit would run the clean-up of code that it shares with its nest."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)
