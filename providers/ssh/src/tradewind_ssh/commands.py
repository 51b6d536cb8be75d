"""A command that runs on a server, from its start to its exit status."""

from __future__ import annotations

import codecs
import logging
import select
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = lazy_client("paramiko", extra="ssh")

__all__ = ["RemoteCommand"]

_CHUNK = 65536
_STRAGGLERS_SECONDS = 1.0
_GRACE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_STATUS_SECONDS = 0.5


class _Output:
    """Collects what a command writes, and logs it line by line as it comes."""

    def __init__(self, log: logging.Logger, level: int) -> None:
        self.chunks: list[bytes] = []
        self._log = log
        self._level = level
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""

    def take(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        lines = (self._line + self._decoder.decode(chunk)).split("\n")
        self._line = lines.pop()
        for line in lines:
            self._log.log(self._level, "%s", line.rstrip("\r"))

    def whole(self) -> bytes:
        if self._line:
            self._log.log(self._level, "%s", self._line.rstrip("\r"))
            self._line = ""
        return b"".join(self.chunks)


class RemoteCommand:
    """A command that was started on a server.

    Arguments:
        client: the connected client.
        command: the words for the user's shell there.
        get_pty: whether it gets a terminal.
        environment: variables for it; servers take those that they were told to take (`AcceptEnv`).
        timeout: seconds that it may be silent; None for no limit.
        log: where its lines go: those of its standard error as warnings.
    """

    def __init__(
        self,
        client: paramiko.SSHClient,
        command: str,
        *,
        get_pty: bool,
        environment: Mapping[str, str] | None,
        timeout: float | None,
        log: logging.Logger,
    ) -> None:
        self.command = command
        self._timeout = timeout
        self._log = log
        stdin, stdout, _ = client.exec_command(
            command, get_pty=get_pty, timeout=timeout, environment=dict(environment or {}) or None
        )
        self.channel: paramiko.Channel = stdout.channel
        stdin.close()
        self.channel.shutdown_write()

    def wait(self) -> tuple[int, bytes, bytes]:
        """Wait for its end; return exit status, standard output and standard error.

        Raises:
            paramiko.SSHException: the connection was cut meanwhile.
            TradewindException: the command was silent for too long; it was asked to end.
        """
        out, err = _Output(self._log, logging.INFO), _Output(self._log, logging.WARNING)
        heard = time.monotonic()
        while not self._is_over(time.monotonic() - heard):
            left = None if self._timeout is None else max(self._timeout - (time.monotonic() - heard), 0.0)
            if self._read(out, err, left):
                heard = time.monotonic()
            elif self._timeout is not None and time.monotonic() - heard >= self._timeout:
                out.whole()
                err.whole()
                self.end()
                raise TradewindException(
                    f"the command was silent for {self._timeout:g} s, which is its cmd_timeout, and was ended"
                )
        status = self.channel.recv_exit_status()
        transport = self.channel.get_transport()
        if status == -1 and not self._was_signalled(transport):
            raise paramiko.SSHException("the connection was cut while the command ran")
        self.channel.close()
        return status, out.whole(), err.whole()

    def _was_signalled(self, transport: paramiko.Transport | None) -> bool:
        # A command that a signal ended has no status either, but the server still answers
        return transport is not None and transport.is_active()

    def _is_over(self, silent: float) -> bool:
        if self.channel.recv_ready() or self.channel.recv_stderr_ready():
            return False
        if self.channel.closed:
            return True
        # What the command left running may hold its output open; and what it wrote may come after its status
        return self.channel.exit_status_ready() and bool(self.channel.eof_received or silent >= _STRAGGLERS_SECONDS)

    def _read(self, out: _Output, err: _Output, left: float | None) -> bool:
        """Wait for output, and take what is there; return whether there was any."""
        if self.channel.eof_received or self.channel.exit_status_ready():
            pause = _LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS)
            if not self.channel.recv_ready() and not self.channel.recv_stderr_ready():
                time.sleep(pause)
        else:
            # An exit status alone does not wake us, as when something that the command has left holds its output open
            select.select([self.channel], [], [], _STATUS_SECONDS if left is None else min(left, _STATUS_SECONDS))
        got = False
        while self.channel.recv_ready():
            out.take(self.channel.recv(_CHUNK))
            got = True
        while self.channel.recv_stderr_ready():
            err.take(self.channel.recv_stderr(_CHUNK))
            got = True
        return got

    def end(self) -> None:
        """Have it end: by SIGTERM, and by SIGKILL if that takes longer than 5 s.

        In a thread of its own, as a signal handler may call it in the middle of a call that holds the connection's locks.
        """
        ending = threading.Thread(target=self._end, name="end-remote-command", daemon=True)
        ending.start()
        ending.join(_GRACE_SECONDS * 2)

    def _end(self) -> None:
        if self.channel.exit_status_ready():
            return
        for name, seconds in (("TERM", _GRACE_SECONDS), ("KILL", 1.0)):
            try:
                self._signal(name)
            except (OSError, EOFError, paramiko.SSHException) as error:
                self._log.warning("The remote command cannot be told to end: %s", error)
                break
            until = time.monotonic() + seconds
            while time.monotonic() < until and not self.channel.exit_status_ready():
                time.sleep(_LOOK_SECONDS)
            if self.channel.exit_status_ready():
                self._log.info("The remote command was ended by SIG%s", name)
                break
        self.channel.close()

    def _signal(self, name: str) -> None:
        """Ask the server to send a signal to all that the command has started: paramiko has no method for it."""
        message = paramiko.Message()
        message.add_byte(bytes([paramiko.common.MSG_CHANNEL_REQUEST]))
        message.add_int(self.channel.remote_chanid)
        message.add_string("signal")
        message.add_boolean(False)
        message.add_string(name)
        transport: Any = self.channel.get_transport()
        transport._send_user_message(message)  # noqa: SLF001
