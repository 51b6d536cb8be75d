"""The supervisor's hold on its zygote: starts it, sends it packets, starts a new one when it was killed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from tradewind.execution.channel import packet_pair, receive_packet, send_packet
from tradewind.execution.loop import Loop
from tradewind.execution.messages import ChildExited, Message
from tradewind.execution.prestart import MARK

log = logging.getLogger(__name__)

SECRET_SECTIONS = (
    "TRADEWIND__DATABASE__",
    "TRADEWIND__EXECUTION_API__",
    "TRADEWIND__SECURITY__",
    "TRADEWIND__SECRETS__",
)


def task_environment(environ: Mapping[str, str], worker: str) -> dict[str, str]:
    """Return the environment of tasks: this process's, without what leads to the metadata database, with the mark.

    The mark is what the host's watcher knows the worker's processes by.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(SECRET_SECTIONS)}
    return {**kept, MARK: worker}


class ZygoteProcess:
    """The zygote of one worker.

    Arguments:
        loop: calls back.
        environ: of the zygote and of all tasks.
        on_exit: called with pid and status of each process that the zygote forked and that has ended.
    """

    def __init__(self, loop: Loop, environ: Mapping[str, str], on_exit: Callable[[int, int], None]) -> None:
        self._loop = loop
        self._environ = dict(environ)
        self._on_exit = on_exit
        self._start()

    @property
    def pid(self) -> int:
        """The zygote's process."""
        return self._process.pid

    def send(self, item: Message, descriptors: Sequence[int]) -> None:
        """Send a packet; one that is dead is replaced first."""
        try:
            send_packet(self._control, item, descriptors)
        except OSError as error:
            log.warning("the zygote cannot be reached (%s): starting a new one", error)
            self._replace()
            send_packet(self._control, item, descriptors)

    def ended(self, status: int) -> None:
        """Take note that the process was reaped."""
        self._process.returncode = os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """Have it replaced: its socket closes, which `_read` sees."""
        if self._process.returncode is None:
            self._process.kill()

    def close(self) -> None:
        """End the zygote by closing its socket, and wait for it."""
        self._loop.forget(self._control.fileno())
        self._control.close()
        self._process.wait()

    def _start(self) -> None:
        self._control, theirs = packet_pair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [sys.executable, "-m", "tradewind.execution.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=self._environ,
                stdin=subprocess.DEVNULL,
            )
        self._control.settimeout(30.0)  # only a zygote that hangs makes a send wait at all
        self._loop.watch(self._control.fileno(), self._read)

    def _replace(self) -> None:
        self._loop.forget(self._control.fileno())
        self._control.close()
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()
        self._start()

    def _read(self) -> None:
        try:
            item, _descriptors = receive_packet(self._control)
        except ConnectionResetError:
            item = None
        if item is None:
            log.warning("the zygote ended: starting a new one; running tasks go on")
            self._replace()
        elif isinstance(item, ChildExited):
            self._on_exit(item.pid, item.status)
