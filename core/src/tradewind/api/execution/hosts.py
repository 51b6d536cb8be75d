"""What answers for many workers: the direct lifecycle, with what it needs, lent to one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import LifoQueue

from tradewind.api.execution.problems import Problem
from tradewind.config import Config
from tradewind.execution.direct_lifecycle import DirectLifecycle, StartMessages, Tools, open_maintenance
from tradewind.execution.http.tokens import Handle, Keys, TokenError
from tradewind.execution.maintenance import Maintenance
from tradewind.execution.messages import Maintain, Reply, Start
from tradewind.execution.settings import KIB, WorkerSettings, worker_settings
from tradewind.execution.shelf import Shelf
from tradewind.execution.versions import VersionFiles
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import Wakeups
from tradewind.plugins.named_xcoms import UnknownStorageError, open_xcom_storages
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.values import XComValue

HOSTS = 4
"""Calls that use the database at once: what comes beyond waits its turn, so that a connection is left for people."""


class HandleShelf(Shelf):
    """Large values under handles: their bytes came, and go, apart from messages.

    Arguments:
        keys: sign and check handles.
        seconds: that a handle is good for.
        now: the wall clock, seconds since 1970.
    """

    def __init__(self, config: Config, keys: Keys, *, seconds: float, now: Callable[[], float]) -> None:
        super().__init__(open_xcom_storages(config).open_all(), config.execution.max_xcom_inline * KIB)
        self._keys = keys
        self._seconds = seconds
        self._now = now

    def keep(self, key: str, path: Path, instance: int, token: int, wanted: str | None = None) -> str:
        """Store a file as the value of a try's XCom, in the storage that its task wants, and return its handle."""
        try:
            reference = self._kept(key, path, instance, token, wanted)
        except UnknownStorageError as error:
            raise Problem(422, "no-such-storage", f"The XCom {key!r} cannot be stored: {error}.") from error
        return self._keys.handle_of(Handle(instance, token, reference, key), self._now(), self._seconds)

    def read(self, handle: str, path: Path) -> None:
        """Write the value of a handle to a file.

        Raises:
            KeyError: it is no more in the storage.
            UnknownStorageError: the settings name its storage no more.
            TokenError: it is no handle.
        """
        self._storages.get_file(self._keys.read_handle(handle, self._now()).reference, path)

    def put(self, pushed: XComValue, instance: int, token: int) -> XComValue:
        """See `Shelf.put`; what was sent as bytes comes with its handle."""
        if pushed.storage is None:
            return super().put(pushed, instance, token)
        try:
            found = self._keys.read_handle(pushed.storage, self._now())
        except TokenError as error:
            raise Problem(422, "no-such-value", f"The value of the XCom {pushed.key!r}: {error}") from error
        if (found.instance, found.token, found.key) != (instance, token, pushed.key):
            raise Problem(422, "no-such-value", f"The value of the XCom {pushed.key!r} was sent for another one.")
        return replace(pushed, value=None, storage=found.reference)

    def forget(self, pushed: XComValue, instance: int, token: int) -> None:
        """Nothing was handed over on this host."""

    def fetch(
        self, value: str | None, reference: str | None, instance: int, token: int
    ) -> tuple[str | None, str | None]:
        """See `Shelf.fetch`; a large value is given as its handle."""
        if reference is None:
            return value, None
        return None, self._keys.handle_of(Handle(instance, token, reference), self._now(), self._seconds)


class OneAtATime(Maintenance):
    """The one maintenance of all hosts: it remembers where a try's sweep stands."""

    def __init__(self, inner: Maintenance) -> None:
        self._inner = inner
        self._turn = threading.Lock()

    def answer(self, start: Start, request: Maintain) -> Reply:
        """See `Maintenance.answer`."""
        with self._turn:
            return self._inner.answer(start, request)


class StartsElsewhere(StartMessages):
    """Start messages for workers on other hosts, which fetch the files and fill in what is theirs."""

    def files(self, source_hash: str) -> VersionFiles:
        """Return no files: the worker has the hash."""
        del source_hash
        return VersionFiles(Path(), "")

    def isolation(self) -> str:
        """Leave it to the worker."""
        return ""


class Hosts:
    """Lends direct lifecycles to calls.

    Arguments:
        config: of the installation.
        database: the metadata database.
        keys: for handles.
        wakeups: wakes other daemons after commits.
    """

    def __init__(self, config: Config, database: Database, keys: Keys, *, clock: Clock, wakeups: Wakeups) -> None:
        self.config = config
        self.database = database
        self.clock = clock
        self._wakeups = wakeups
        self._graphs = open_graphs(config.plugins.codec)
        self.shelf = HandleShelf(config, keys, seconds=pass_seconds(config), now=self.now)
        self._settings = worker_settings(config, "")
        maintenance = OneAtATime(open_maintenance(config, database, clock))
        self._idle: LifoQueue[tuple[Tools, RandomIds]] = LifoQueue()
        for _ in range(HOSTS):
            self._idle.put(self._made(maintenance))

    def now(self) -> float:
        """Return the wall clock, seconds since 1970."""
        return self.clock.now().timestamp()

    @property
    def graphs(self) -> Graphs:
        """The versions."""
        return self._graphs

    def _made(self, maintenance: Maintenance) -> tuple[Tools, RandomIds]:
        ids = RandomIds(self.clock.now)
        tools = Tools.open(
            self._settings,
            self.config,
            self.database,
            graphs=self._graphs,
            clock=self.clock,
            ids=ids,
            wake=self._wakeups.notify,
            shelf=self.shelf,
            maintenance=maintenance,
            starts=StartsElsewhere,
        )
        return tools, ids

    @contextmanager
    def ids(self) -> Iterator[RandomIds]:
        """Lend what draws ids."""
        lent = self._idle.get()
        try:
            yield lent[1]
        finally:
            self._idle.put(lent)

    @contextmanager
    def lifecycle(
        self, worker: str, *, executor: str = "", queues: tuple[str, ...] | None = None, slots: int = 1
    ) -> Iterator[DirectLifecycle]:
        """Lend a lifecycle for one call of a worker."""
        settings: WorkerSettings = replace(self._settings, worker=worker, executor=executor, queues=queues, slots=slots)
        lent = self._idle.get()
        tools, ids = lent
        try:
            yield DirectLifecycle(
                settings,
                self.config,
                self.database,
                graphs=self._graphs,
                clock=self.clock,
                ids=ids,
                wakeups=self._wakeups,
                tools=tools,
            )
        finally:
            self._idle.put(lent)

    def notify(self, channels: Iterable[str]) -> None:
        """Wake whoever listens."""
        self._wakeups.notify(channels)

    def close(self) -> None:
        """Close what wakes others."""
        self._wakeups.close()


def pass_seconds(config: Config) -> float:
    """Return how long the pass of a try is good: as long as its worker may be silent, as then the try is over."""
    return max(config.leases.isolation_grace, 3 * config.leases.duration)
