"""Files that somebody has asked to be read again, by the API or the UI, though nothing of them has changed."""

from __future__ import annotations

from collections.abc import Callable

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import parsing as statements
from tradewind.parsing.watching import WatchedFolder

_EVERY = 7.0  # with all else that an idle processor asks, fewer than one statement a second


class Requests:
    """Looks every few seconds what is asked for, and has it read.

    Arguments:
        database: the metadata database.
        monotonic: the clock.
    """

    def __init__(self, database: Database, *, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._due_at = monotonic()

    def hear(self, folders: list[WatchedFolder]) -> bool:
        """Mark the files that are asked for as due, if it is time to look; return whether there are any."""
        if self._monotonic() < self._due_at:
            return False
        self._due_at = self._monotonic() + _EVERY
        with self._database.read() as connection:
            asked = statements.list_requests(connection)
        by_name = {folder.bundle.name: folder for folder in folders}
        mine = [each for each in asked if each.bundle in by_name]
        for each in mine:
            known = by_name[each.bundle].files.get(each.path)
            if known is not None:
                known.is_due = True
        if mine:
            self._database.write(lambda connection: statements.forget_requests(connection, mine))
        return bool(mine)
