"""Child processes of one command: started together, their output prefixed, restarted when they die, stopped together."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from tradewind import notify
from tradewind.execution.processes import end_with_parent
from tradewind.notify import READY, NotifySocket

RESTART_SECONDS = (0.2, 1.0, 5.0)
STEADY_SECONDS = 30.0
STOP_SECONDS = 30.0
TURN_SECONDS = 1.0


@dataclass
class Child:
    """One child: its name in front of its lines, its command, what it tells, and how often it died lately."""

    name: str
    command: Sequence[str]
    ears: NotifySocket
    is_ready: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    restart_at: float | None = None
    unfinished_line: bytes = b""


class ChildProcesses:
    """Runs children until SIGINT or SIGTERM; a second signal ends them at once.

    Arguments:
        commands: the words of each child's command, by name.
        environment: of the children.
        on_line: told each whole line with its child's name.
        status: what is said of this process once all children are ready.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        environment: Mapping[str, str],
        on_line: Callable[[str, str], None],
        status: Callable[[], str] = str,
    ) -> None:
        self._children = [Child(name, words, NotifySocket()) for name, words in commands.items()]
        self._status = status
        self._environment = dict(environment)
        self._on_line = on_line
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        self._bell, self._ringer = os.pipe()
        os.set_blocking(self._ringer, False)

    def run(self) -> None:
        """Start the children and stay until they have all been stopped."""
        self._selector.register(self._bell, selectors.EVENT_READ, None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        for child in self._children:
            self._selector.register(child.ears, selectors.EVENT_READ, child)
            self._start(child)
        is_ready = False
        while not self._signals:
            self._step(self._nearest_restart())
            if is_ready:
                notify.beat()
            elif all(child.is_ready for child in self._children):
                is_ready = True
                notify.ready(self._status())
        notify.stopping()
        self._stop()
        for child in self._children:
            child.ears.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        os.write(self._ringer, b"!")

    def _start(self, child: Child) -> None:
        # A session of its own: Ctrl+C reaches this process only, which then stops the children in order. Should it be
        # killed instead, the children are asked to end by the kernel: without them a new start would find the port taken.
        child.process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            child.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**self._environment, **child.ears.environment},
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  (this process has one thread)
        )
        child.started_at, child.restart_at = time.monotonic(), None
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _nearest_restart(self) -> float:
        due = [child.restart_at - time.monotonic() for child in self._children if child.restart_at is not None]
        return max(0.0, min([TURN_SECONDS, *due]))

    def _step(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                os.read(self._bell, 64)
            elif key.fileobj is key.data.ears:
                self._hear(key.data)
            else:
                self._read(key.data)
        now = time.monotonic()
        for child in self._children:
            if child.restart_at is not None and child.restart_at <= now and not self._signals:
                self._start(child)

    @staticmethod
    def _hear(child: Child) -> None:
        child.is_ready |= READY in child.ears.heard()

    def _read(self, child: Child) -> None:
        process = child.process
        if process is None or process.stdout is None:
            return
        data = process.stdout.read()
        if data:
            *lines, child.unfinished_line = (child.unfinished_line + data).split(b"\n")
            for line in lines:
                self._on_line(child.name, line.decode(errors="replace"))
        elif data is not None:  # the end of its output: it is gone, or going
            self._selector.unregister(process.stdout)
            process.stdout.close()
            self._ended(child, process.wait())

    def _ended(self, child: Child, code: int) -> None:
        child.process = None
        if self._signals:
            return
        lived = time.monotonic() - child.started_at
        child.deaths = 0 if lived > STEADY_SECONDS else child.deaths + 1
        pause = RESTART_SECONDS[min(child.deaths, len(RESTART_SECONDS)) - 1] if child.deaths else 0.0
        reason = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        when = f" in {pause:g} s" if pause else ""
        self._on_line(child.name, f"ended with {reason}; starting it again{when}")
        child.restart_at = time.monotonic() + pause

    def _stop(self) -> None:
        """Ask every child to end, in reverse order of starting; after a second signal or 30 s, end them."""
        for child in reversed(self._children):
            child.restart_at = None
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.process is not None for child in self._children):
            left = deadline - time.monotonic()
            if left <= 0 or self._signals > 1:
                self._kill()
                deadline = time.monotonic() + STOP_SECONDS
                self._signals = 1
                continue
            self._step(left)

    def _kill(self) -> None:
        for child in self._children:
            if child.process is not None:
                child.process.kill()


def tradewind_command(*words: str) -> list[str]:
    """Return the command that runs `tradewind` with this interpreter."""
    return [sys.executable, "-m", "tradewind", *words]
