"""What a supervisor asks of whatever starts the processes of tries."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tradewind.execution.running import Running


class Starter(ABC):
    """Starts tries whose channel and log are open; their processes greet through the channel."""

    @abstractmethod
    def start(self, running: Running) -> None:
        """Start a try, now or as soon as its code is imported."""

    @abstractmethod
    def forget(self, running: Running) -> None:
        """Do not start a try that still waits."""

    @abstractmethod
    def reaped(self, pid: int, status: int) -> bool:
        """Take note that a child of this process was reaped; return whether it was no task's."""

    @abstractmethod
    def retire_stale(self) -> None:
        """Give up what is too old, too many or too large."""

    @abstractmethod
    def close(self) -> None:
        """Start nothing any more, and give everything back."""
