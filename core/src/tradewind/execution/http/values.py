"""Large values between a worker's spool and the server's XCom storage: they are sent and fetched as bytes, beside the JSON.

What a task hands over is sent before the message that tells of it, and the message then carries the server's handle in place
of the spool's reference; what a task is given comes the other way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from tradewind.execution.http.connection import Body, RefusedError, ServerConnection
from tradewind.execution.messages import PullXCom, PushXCom, ReadTable, Reply, Request, Start
from tradewind.execution.shelf import pushed_by
from tradewind.execution.spool import PREFIX, Spool
from tradewind.transitions.values import Outcome, XComValue

Authorise = Callable[[], str]


class Values:
    """Sends and fetches.

    Arguments:
        server: where to.
        spool: of this host's workers.
        worker: whose tries they belong to.
        authorise: returns the worker's credential.
    """

    def __init__(self, server: ServerConnection, spool: Spool, worker: str, authorise: Authorise) -> None:
        self._server = server
        self._spool = spool
        self._worker = worker
        self._authorise = authorise
        self._handles: dict[str, str] = {}

    def send_all(self, outcome: Outcome) -> Outcome:
        """Return an outcome whose large values the server has.

        Raises:
            Unreachable: it could not be asked.
            RefusedError: it refuses one, or one is not there any more.
        """
        if all(each.storage is None for each in outcome.xcoms):
            return outcome
        xcoms = tuple(self._send(each, outcome.instance, outcome.token) for each in outcome.xcoms)
        return replace(outcome, xcoms=xcoms)

    def send_of(self, start: Start, request: Request) -> Request:
        """Return what a task asks, with its large value at the server. Raises as `send_all`."""
        if not isinstance(request, PushXCom) or request.storage is None:
            return request
        sent = self._send(pushed_by(request), start.instance, start.token)
        return replace(request, value=None, storage=sent.storage)

    def _send(self, pushed: XComValue, instance: int, token: int) -> XComValue:
        if pushed.storage is None:
            return pushed
        handle = self._handles.get(pushed.storage)
        if handle is None:
            path = self._path(pushed.storage, instance, token)
            where = f"/workers/{quote(self._worker)}/tries/{instance}/{token}/values?key={quote(pushed.key, safe='')}"
            if pushed.wanted is not None:
                where += f"&storage={quote(pushed.wanted, safe='')}"
            found = self._server.call("PUT", where, self._authorise(), Body(path))
            # Kept until it is recorded: a message that is repeated may tell of a try that is over by now
            handle = self._handles[pushed.storage] = str(found.get("handle"))
        return replace(pushed, value=None, storage=handle)

    def _path(self, reference: str, instance: int, token: int) -> Path:
        try:
            return self._spool.path(reference, instance, token)
        except ValueError as error:
            raise RefusedError(str(error)) from error

    def fetch_of(self, start: Start, request: Request, reply: Reply) -> Reply:
        """Return a reply whose large values are in the spool. Raises as `send_all`."""
        if isinstance(request, PullXCom) and isinstance(reply.value, list):
            for row in reply.value:
                row[3] = self._fetched(row[3], start)
        elif isinstance(request, ReadTable) and request.table == "xcom" and isinstance(reply.value, dict):
            for row in reply.value["rows"]:
                row["storage"] = self._fetched(row["storage"], start)
        return reply

    def _fetched(self, handle: str | None, start: Start) -> str | None:
        if handle is None:
            return None
        spooled = self._spool.reserve(start.instance, start.token)
        where = f"/workers/{quote(self._worker)}/values?handle={quote(handle, safe='')}"
        if not self._server.download(where, self._authorise(), self._path(spooled, start.instance, start.token)):
            raise RefusedError("an XCom is no more in the storage")
        return spooled

    def forget_of(self, start: Start, request: Request) -> None:
        """Remove what a task has handed over with a request, now that it is recorded."""
        if isinstance(request, PushXCom) and request.storage is not None:
            self._handles.pop(request.storage, None)
            self._spool.path(request.storage, start.instance, start.token).unlink(missing_ok=True)

    def forget_all(self, outcome: Outcome) -> None:
        """Remove what the try of an outcome has handed over, now that it is recorded."""
        for each in outcome.xcoms:
            if each.storage is not None and each.storage.startswith(PREFIX):
                self._handles.pop(each.storage, None)
                with contextlib.suppress(ValueError):  # it named what was not its own, and failed of it
                    self._spool.path(each.storage, outcome.instance, outcome.token).unlink(missing_ok=True)

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """Remove what tries that are over have left in the spool."""
        self._spool.sweep(tries)
