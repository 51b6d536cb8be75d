"""What an import prints: its beginning and its end are kept, a flood between them is counted and dropped."""

from __future__ import annotations

import os

_KEPT = 16 * 1024


class Output:
    """The pipe that a child's standard output and error lead into.

    Closed with :meth:`close`; whatever the import started may still hold the other end.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._reader

    def begin(self) -> None:
        """Close the writing end, which is the child's."""
        os.close(self.writer)

    def read(self) -> bool:
        """Take in what there is now; return False at the end of the output."""
        try:
            data = os.read(self._reader, 1 << 16)
        except BlockingIOError:
            return True
        room = _KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * _KEPT:
            self._dropped += len(self._tail) - _KEPT
            del self._tail[:-_KEPT]
        return bool(data)

    def close(self) -> None:
        """Read no more."""
        os.close(self._reader)

    def text(self) -> str:
        """Return what was printed, with a line in place of what was dropped."""
        gap = f"\n… {self._dropped} bytes left out …\n" if self._dropped else ""
        return self._head.decode(errors="replace") + gap + self._tail.decode(errors="replace")
