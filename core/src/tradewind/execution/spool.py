"""Large values between a worker and its tasks' processes: as files, so that neither a message nor a journal carries them.

A value of 100 MiB that went through messages would stand several times in the memory of the worker, whose loop would copy
it while its other tasks wait.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from tradewind_plugins.exceptions import TradewindException

from tradewind.transitions.values import XComValue

LARGEST_INLINE = 8 << 20
PREFIX = "spool:"
NAME = re.compile(r"\d+\.\d+\.[0-9a-f]{32}")


class Spool:
    """A folder of values on their way; each file belongs to one dispatch of a try.

    Arguments:
        folder: of all workers of a host; made by the first that needs it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reserve(self, instance: int, token: int) -> str:
        """Return a reference that nobody has, for a value of this dispatch."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"{PREFIX}{instance}.{token}.{uuid4().hex}"

    def path(self, reference: str, instance: int, token: int) -> Path:
        """Return the file of a reference.

        Raises:
            ValueError: it is no reference, or that of another dispatch.
        """
        name = reference.removeprefix(PREFIX)
        if not NAME.fullmatch(name) or not name.startswith(f"{instance}.{token}."):
            raise ValueError(f"{reference!r} is no value that this try has handed over")
        return self._folder / name

    def hand_over(self, value: XComValue, instance: int, token: int) -> XComValue:
        """Write a value to a file, and return the XCom that refers to it.

        Raises:
            TradewindException: it cannot be written.
        """
        reference = self.reserve(instance, token)
        path = self.path(reference, instance, token)
        try:
            path.write_text(value.value or "", encoding="utf-8")
        except OSError as error:
            path.unlink(missing_ok=True)
            raise TradewindException(
                f"the XCom {value.key!r} of {value.size} bytes cannot be handed to the worker: {error}"
            ) from error
        return replace(value, value=None, storage=reference)

    def take(self, reference: str, instance: int, token: int) -> bytes:
        """Return what a file holds, and remove it."""
        path = self.path(reference, instance, token)
        data = path.read_bytes()
        path.unlink()
        return data

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """Remove what is left of these dispatches, whose processes have ended and whose outcomes were recorded."""
        if not tries or not self._folder.exists():
            return
        for path in self._folder.iterdir():
            instance, _, rest = path.name.partition(".")
            token = rest.partition(".")[0]
            if instance.isdigit() and token.isdigit() and (int(instance), int(token)) in tries:
                path.unlink(missing_ok=True)
