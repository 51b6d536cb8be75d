"""An import in a warm parent that asks for a variable, a connection, a setting: what it gets may change at any time.

So its values must not be kept for the tasks to come: the import is given up, and each task of the file imports it anew, with the
answers of that moment and its secrets masked in that task's log.
"""

from __future__ import annotations

from typing import NoReturn

from tradewind_plugins.host import Host


class AsksAtImport(BaseException):
    """The import asked. Not an `Exception`, so that a default for a missing variable does not stand in for it."""


class ImportHost(Host):
    """Answers nothing, and knows what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _refuse(self, what: str) -> NoReturn:
        self.asked.append(f"the answer to its question for {what}, which may change")
        raise AsksAtImport(what)
