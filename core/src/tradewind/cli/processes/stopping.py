"""SIGTERM and Ctrl+C: the first asks to stop in order, the second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

HURRIED = 1
"""Exit code of a daemon that was told twice: something may have been left undone."""


def _leave() -> None:
    raise SystemExit(HURRIED)


def leave_on_sigterm() -> None:
    """Leave in order at SIGTERM, until `stop_on_signals`: a daemon that still starts has nothing to end, and files to free."""
    signal.signal(signal.SIGTERM, _leave_early)


def _leave_early(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def stop_on_signals(stop: Callable[[], None], hurry: Callable[[], None] = _leave) -> None:
    """Call `stop` at the first SIGTERM or SIGINT, and `hurry` at each one after it.

    Arguments:
        hurry: by default it leaves whatever is being done, even a database call that hangs.
    """
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        (stop if len(asked) == 1 else hurry)()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
