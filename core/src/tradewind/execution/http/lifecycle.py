"""A worker's lifecycle by calls to the web server: for workers that do without the metadata database.

The rules are the server's, which answers with `DirectLifecycle`; here is what only a worker can do (its files, its spool), and
what the distance asks for: an answer may be lost, come late, or be somebody else's. Only the server's own word that a newer
dispatch exists ends a task.
"""

from __future__ import annotations

import os
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from tradewind.execution.http import wire
from tradewind.execution.http.connection import NotAdmitted, ServerConnection
from tradewind.execution.http.tokens import Keys
from tradewind.execution.http.values import Values
from tradewind.execution.lifecycle import Exchange, Lease, Refusal, Try, Unreachable
from tradewind.execution.messages import Reply, Request, Start
from tradewind.execution.other_dags import OVERTAKEN
from tradewind.execution.running import key_of
from tradewind.execution.settings import WorkerSettings, spool_path
from tradewind.execution.spool import Spool
from tradewind.execution.versions import VersionFiles, VersionStore, VersionUnavailable
from tradewind.transitions.callbacks import CallbackResult
from tradewind.transitions.values import Outcome

LARGEST_BLOB = 256 << 20
CREDENTIAL_KEPT = 120.0


@dataclass(frozen=True)
class Terms:
    """What the server's configuration says of all workers: by these times they are judged.

    Arguments:
        lease, renew_every, isolation_grace: seconds, as `[leases]` has them.
        pass_seconds: how long the pass of a try is good.
        callback_seconds: that a callback may take.
    """

    lease: float
    renew_every: float
    isolation_grace: float
    pass_seconds: float
    callback_seconds: float

    def of(self, settings: WorkerSettings) -> WorkerSettings:
        """Return a worker's settings under these terms."""
        return replace(
            settings,
            lease=self.lease,
            renew_every=self.renew_every,
            isolation_grace=self.isolation_grace,
            patience=replace(settings.patience, limit=timedelta(seconds=self.callback_seconds)),
        )


class Caller:
    """Makes calls in the name of one worker.

    Arguments:
        server: the connection.
        keys: sign its credential.
        worker: its id.
        now: the wall clock, seconds since 1970.
    """

    def __init__(
        self, server: ServerConnection, keys: Keys, worker: str, *, now: Callable[[], float] = time.time
    ) -> None:
        self.server = server
        self.worker = worker
        self._keys = keys
        self._now = now
        self._credential = ""
        self._made = 0.0

    def credential(self) -> str:
        """Return a credential that is good for some minutes."""
        now = self._now()
        if not self._made <= now < self._made + CREDENTIAL_KEPT:
            self._credential, self._made = self._keys.credential(self.worker, now), now
        return self._credential

    def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call of this worker; raises as `ServerConnection.call`."""
        return self.server.call("POST", f"/workers/{quote(self.worker)}/{what}", self.credential(), body)

    def terms(self) -> Terms:
        """Ask for the terms."""
        found = self.post("terms", {})
        with understood("terms"):
            return Terms(**{name: float(found[name]) for name in Terms.__dataclass_fields__})

    def blobs(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Return compressed blobs by hash, each with the content that its hash names."""
        found: dict[str, bytes] = {}
        for each in sorted(set(hashes)):
            where = f"/workers/{quote(self.worker)}/sources/{quote(each)}"
            data = self.server.fetch(where, self.credential(), LARGEST_BLOB)
            if data is not None:
                found[each] = _checked(each, data)
        return found


class HttpLifecycle:
    """See `TaskLifecycle`. Used by one thread.

    Arguments:
        settings: of the worker.
        caller: makes its calls.
        terms: the server's.
    """

    def __init__(self, settings: WorkerSettings, caller: Caller, terms: Terms) -> None:
        self._settings = settings
        self._caller = caller
        self._terms = terms
        self._values = Values(caller.server, Spool(spool_path(settings.home)), settings.worker, caller.credential)
        self._versions = VersionStore(settings.versions)
        self._host = socket.gethostname()
        self._passes: dict[Try, tuple[str, float]] = {}
        self._known: set[Try] = set()
        self._missing: frozenset[Try] = frozenset()
        self._unanswered: str | None = None

    def register(self) -> None:
        """See `TaskLifecycle.register`."""
        settings = self._settings
        self._caller.post(
            "register",
            {
                "executor": settings.executor,
                "queues": None if settings.queues is None else list(settings.queues),
                "slots": settings.slots,
                "host": self._host,
                "pid": os.getpid(),
            },
        )

    def exchange(self, outcomes: Sequence[Outcome], free: int, nonce: str) -> Exchange:
        """See `TaskLifecycle.exchange`."""
        is_repeated, self._unanswered = self._unanswered == nonce, nonce
        sent = [self._values.send_all(each) for each in outcomes]
        found = self._caller.post(
            "exchange",
            {
                "executor": self._settings.executor,
                "queues": None if self._settings.queues is None else list(self._settings.queues),
                "outcomes": [wire.outcome_to_json(each) for each in sent],
                "free": max(0, free),
                "nonce": nonce,
                "is_repeated": is_repeated,
                "missing": wire.tries_to_json(list(self._missing)),
            },
        )
        with understood("exchange"):
            answers = wire.answers_of_json(found["answers"])
            if len(answers) != len(outcomes):
                raise ValueError("an answer for each outcome")
            refused = [wire.refusal_of_json(each) for each in found["refusals"]]
            has_callbacks = bool(found["has_callbacks"])
        starts, unavailable = self._available(self._starts(found))
        for outcome in outcomes:
            self._values.forget_all(outcome)
            self._known.discard((outcome.instance, outcome.token))
            self._passes.pop((outcome.instance, outcome.token), None)
        self._values.sweep({(each.instance, each.token) for each in outcomes})
        self._known.update((each.instance, each.token) for each in starts)
        self._known.update((each.ticket.instance, each.ticket.token) for each in (*refused, *unavailable))
        self._unanswered, self._missing = None, frozenset()
        return Exchange(answers, tuple(starts), (*refused, *unavailable), has_callbacks)

    def renew(self, *, with_tries: bool = True) -> Lease:
        """See `TaskLifecycle.renew`.

        It always asks for the tries: one that was claimed by a call that came late, after its repetition, is found here, and
        started with the next exchange.
        """
        del with_tries
        found = self._caller.post("renew", {"passes": wire.tries_to_json(self._stale())})
        with understood("renew"):
            if found["worker"] != self._caller.worker:
                raise ValueError("it is another worker's")
            tries = wire.tries_of_json(found["tries"])
            self._take_passes(found["passes"])
            lease = Lease(_truth(found["is_alive"]), tries, _truth(found["has_callbacks"]))
        self._missing = tries - self._known
        return lease

    def answer(self, start: Start, request: Request) -> tuple[Reply, list[str]]:
        """See `TaskLifecycle.answer`."""
        key = key_of(start)
        asked = self._values.send_of(start, request)
        try:
            found = self._ask(start, key, asked)
        except NotAdmitted as refused:
            if refused.code != wire.OVERTAKEN_CODE:
                raise
            return Reply(error=OVERTAKEN), []
        with understood("answer"):
            reply, secrets = wire.reply_of_json(found)
        reply = self._values.fetch_of(start, request, reply)
        if reply.error is None:
            self._values.forget_of(start, request)
        return reply, secrets

    def _ask(self, start: Start, key: Try, request: Request) -> dict[str, Any]:
        """Ask with the try's pass; with a new one, where it has expired in an outage."""
        where = f"/tries/{key[0]}/{key[1]}/answer"
        if start.callback is not None:
            where = f"/callbacks/{-key[0]}/{key[1]}/answer"
        body = wire.request_to_json(request)
        if key in self._passes:
            try:
                return self._caller.server.call("POST", where, self._passes[key][0], body)
            except NotAdmitted as refused:
                if refused.code != "expired":
                    raise
        found = self._caller.post("renew", {"passes": wire.tries_to_json([key])})
        with understood("renew"):
            self._take_passes(found["passes"])
        if key not in self._passes:
            raise NotAdmitted(OVERTAKEN, wire.OVERTAKEN_CODE)
        return self._caller.server.call("POST", where, self._passes[key][0], body)

    def claim_callbacks(self, most: int) -> tuple[Start, ...]:
        """See `TaskLifecycle.claim_callbacks`."""
        found = self._caller.post("callbacks/claim", {"most": most})
        starts: list[Start] = []
        for each in self._starts(found):
            owed = each.callback or {}
            try:
                starts.append(self._localised(each))
            except VersionUnavailable as error:
                done = tuple(owed["done"])
                self.report_callback(CallbackResult(owed["id"], owed["token"], done, str(error), owed["attempt"]))
        return tuple(starts)

    def report_callback(self, result: CallbackResult) -> None:
        """See `TaskLifecycle.report_callback`."""
        self._caller.post("callbacks/report", wire.result_to_json(result))
        self._passes.pop((-result.key, result.token), None)

    def leave(self, cause: str) -> None:
        """See `TaskLifecycle.leave`."""
        self._caller.post("leave", {"cause": cause})
        self._caller.server.close()

    # --- passes -------------------------------------------------------------------------------------------------------

    def _take_passes(self, found: Sequence[Mapping[str, Any]]) -> None:
        now = time.monotonic()
        for each in found:
            key = int(each["instance"]), int(each["token"])
            self._passes[key] = str(each["pass"]), now

    def _stale(self) -> list[Try]:
        """Return whose passes have lived half of their time."""
        oldest = time.monotonic() - self._terms.pass_seconds / 2
        return [key for key, (_pass, made) in self._passes.items() if made < oldest]

    # --- starts -------------------------------------------------------------------------------------------------------

    def _starts(self, found: Mapping[str, Any]) -> list[Start]:
        own = {
            "root": "",
            "path": "",
            "hostname": self._host,
            "live_folder": self._settings.live_folder,
            "memory_limit": self._settings.task_memory,
            "spool": str(spool_path(self._settings.home)),
            "inline": self._settings.max_inline,
        }
        with understood("starts"):
            starts = [wire.start_of_json(each, own) for each in found["starts"]]
            self._take_passes(found["passes"])
        return starts

    def _available(self, starts: Sequence[Start]) -> tuple[list[Start], list[Refusal]]:
        """Return the starts whose files are on this host, and why the others' are not."""
        here: list[Start] = []
        refusals: list[Refusal] = []
        for start in starts:
            try:
                here.append(self._localised(start))
            except VersionUnavailable as error:
                refusals.append(Refusal(wire.ticket_of(start), str(error)))
        return here, refusals

    def _localised(self, start: Start) -> Start:
        """Return a start with the files of its version on this host.

        Raises:
            VersionUnavailable: they cannot be had.
        """
        files: VersionFiles = self._versions.materialise(start.source_hash, self._caller.blobs)
        isolation = start.isolation or ("fresh" if self._settings.is_fresh else "fork")
        return replace(start, root=str(files.root), path=files.path, isolation=isolation)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turn an answer that is not as it should be into an outage: it says nothing about any try."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise Unreachable(f"the server's answer to {what!r} is not one of version {wire.VERSION}: {error!r}") from error


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _checked(named: str, data: bytes) -> bytes:
    """Return a compressed blob that has the content which its hash names.

    Raises:
        Unreachable: it has not: something between the server and here has changed it.
    """
    unpacked = zlib.decompressobj()
    try:
        content = unpacked.decompress(data, LARGEST_BLOB)
    except zlib.error:
        content = b""
    if unpacked.unconsumed_tail or sha256(content).hexdigest() != named:
        raise Unreachable(f"the sources {named[:12]} came with another content than their name says")
    return data
