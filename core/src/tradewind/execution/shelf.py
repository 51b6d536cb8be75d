"""Putting large XComs aside: above a size the value goes to the XCom storage, and the database keeps its address."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import XComNotFound

from tradewind.transitions.values import Outcome, XComValue


class Shelf:
    """Values above a size.

    Arguments:
        storage: where they are kept.
        limit: the size in bytes up to which a value stays in the database.
    """

    def __init__(self, storage: XComStorage, limit: int) -> None:
        self._storage = storage
        self._limit = limit

    def put(self, pushed: XComValue, instance: int, token: int) -> XComValue:
        """Return the value as the database shall have it; stored under the name of its try, so that again is the same."""
        if pushed.value is None or pushed.size <= self._limit:
            return pushed
        key = f"instance={instance}/token={token}/{quote(pushed.key, safe='')}.json"
        return replace(pushed, value=None, storage=self._storage.put(key, pushed.value.encode()))

    def put_all(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its large values put aside."""
        if all(each.size <= self._limit for each in outcome.xcoms):
            return outcome
        return replace(outcome, xcoms=tuple(self.put(each, outcome.instance, outcome.token) for each in outcome.xcoms))

    def text(self, value: str | None, reference: str | None) -> str | None:
        """Return the JSON of a row of XCom, wherever it is.

        Raises:
            XComNotFound: it is no more in the storage.
        """
        if reference is None:
            return value
        try:
            return self._storage.get(reference).decode()
        except KeyError:
            raise XComNotFound(f"an XCom is no more in the storage under {reference!r}") from None
