"""The supervisor's event loop: descriptors, timers, signals; one thread, callbacks that do not wait."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType

from tradewind.execution import system

Callback = Callable[[], None]
READING = system.READ
WRITING = system.READ | system.WRITE
LONGEST_WAIT = 60.0


@dataclass(eq=False)
class Timer:
    """A callback to come; `cancel` forgets it."""

    when: float
    callback: Callback | None

    def cancel(self) -> None:
        """Do not call it."""
        self.callback = None


class Loop:
    """Calls back when descriptors can be read, when timers are due, and when signals arrived. Times are monotonic."""

    def __init__(self) -> None:
        self._poll = system.open_poll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._signals: dict[int, Callback] = {}
        self._arrived: set[int] = set()
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self.watch(self._wake_read, self._woken)
        self.is_running = False

    @staticmethod
    def now() -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def watch(self, descriptor: int, callback: Callback) -> None:
        """Call back whenever `descriptor` can be read or has come to its end."""
        self._readers[descriptor] = callback
        self._poll.register(descriptor, READING)

    def forget(self, descriptor: int) -> None:
        """Watch `descriptor` no more; call it before closing it. Unknown ones are no error."""
        if self._readers.pop(descriptor, None) is not None:
            with contextlib.suppress(OSError):  # closed by its owner already, which unregisters it too
                self._poll.unregister(descriptor)
        self._writers.pop(descriptor, None)

    def when_writable(self, descriptor: int, callback: Callback | None) -> None:
        """Call back too when the watched `descriptor` can be written; None ends that."""
        if descriptor not in self._readers:
            return
        if callback is None:
            if self._writers.pop(descriptor, None) is not None:
                self._poll.modify(descriptor, READING)
        else:
            self._writers[descriptor] = callback
            self._poll.modify(descriptor, WRITING)

    def after(self, seconds: float, callback: Callback) -> Timer:
        """Call back once, in so many seconds."""
        timer = Timer(self.now() + seconds, callback)
        heapq.heappush(self._timers, (timer.when, next(self._order), timer))
        return timer

    def every(self, seconds: float, callback: Callback) -> None:
        """Call back again and again, from now plus `seconds` on."""

        def again() -> None:
            self.after(seconds, again)
            callback()

        self.after(seconds, again)

    def on_signal(self, number: signal.Signals, callback: Callback) -> None:
        """Call back, in the loop, when a signal has arrived."""
        self._signals[number] = callback
        signal.signal(number, self._note_signal)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        self._arrived.add(number)

    def _woken(self) -> None:
        os.read(self._wake_read, 4096)

    def wake(self) -> None:
        """Have the loop look around; may be called from another thread."""
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            return  # it is full, so the loop is going to wake anyway

    def run(self, between: Callback) -> None:
        """Run until `stop`; `between` is called after each round of callbacks, to do once what the round made due."""
        self.is_running = True
        between()
        while self.is_running:
            for descriptor, event in self._poll.poll(self._wait_seconds()):
                self._call_back(descriptor, event)
            self._call_all(self._due_callbacks())
            self._call_all(self._signals[number] for number in self._take_signals())
            between()

    def stop(self) -> None:
        """End `run` after this round."""
        self.is_running = False

    def close(self) -> None:
        """Give back the signals and the descriptors."""
        for number in self._signals:
            signal.signal(number, signal.SIG_DFL)
        if self._signals:
            signal.set_wakeup_fd(-1)
        self._poll.close()
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)

    def _call_back(self, descriptor: int, event: int) -> None:
        if event & system.WRITE and (writer := self._writers.get(descriptor)):
            writer()
        if event & ~system.WRITE and (reader := self._readers.get(descriptor)):
            reader()

    @staticmethod
    def _call_all(callbacks: Iterable[Callback]) -> None:
        for callback in callbacks:
            callback()

    def _take_signals(self) -> set[int]:
        arrived, self._arrived = self._arrived, set()
        return arrived

    def _wait_seconds(self) -> float:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return LONGEST_WAIT
        return min(LONGEST_WAIT, max(0.0, self._timers[0][0] - self.now()))

    def _due_callbacks(self) -> list[Callback]:
        due: list[Callback] = []
        now = self.now()
        while self._timers and self._timers[0][0] <= now:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                due.append(callback)
        return due
