"""A TCP proxy between one daemon and the database, which can cut, hold up, swallow and delay what passes.

`hold` is a network that loses packets for a while: what was sent arrives late. `swallow` is a firewall that forgot the
connection: nobody is told, nothing of it arrives any more, and the server keeps its end, with every lock it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")
CHUNK = 65536


class Connection:
    """One connection that passes: both its ends, and whether it is swallowed."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.is_swallowed = False

    def abort(self) -> None:
        """Reset both ends."""
        for writer in (self.client, self.server):
            if writer is not None:
                writer.transport.abort()


class Proxy:
    """The proxy of one daemon. Its verbs may be called from any thread.

    Arguments:
        target: port of the database.
    """

    def __init__(self, proxies: Proxies, target: int) -> None:
        self._proxies = proxies
        self._target = target
        self._connections: set[Connection] = set()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._is_swallowing = False
        self._is_refusing = False
        self._delay = 0.0
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and reset what is open."""
        if self._server is not None:
            self._server.close()
        self._cut()

    def cut(self, *, refuse: bool = False) -> None:
        """Reset all connections; with `refuse` new ones too, until `heal`."""

        def work() -> None:
            self._is_refusing = refuse
            self._cut()

        self._proxies.call(work)

    def hold(self) -> None:
        """Let nothing pass until `heal`; it arrives then."""
        self._proxies.call(self._is_open.clear)

    def swallow(self) -> None:
        """Let nothing of the present connections pass any more, and nothing of new ones until `heal`; tell nobody."""

        def work() -> None:
            self._is_swallowing = True
            for each in self._connections:
                each.is_swallowed = True

        self._proxies.call(work)

    def delay(self, seconds: float) -> None:
        """Let everything pass so much later, until `heal`."""
        self._proxies.call(lambda: setattr(self, "_delay", seconds))

    def heal(self) -> None:
        """Let everything pass again; what was swallowed stays so."""

        def work() -> None:
            self._is_open.set()
            self._is_swallowing = self._is_refusing = False
            self._delay = 0.0

        self._proxies.call(work)

    def _cut(self) -> None:
        for each in list(self._connections):
            each.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        connection.is_swallowed = self._is_swallowing
        self._connections.add(connection)
        try:
            if self._is_refusing:
                writer.transport.abort()
            elif connection.is_swallowed:
                await self._drop(reader)
            else:
                await self._connect(connection, reader)
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _connect(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            connection.client.transport.abort()
            return
        connection.server = server
        back = asyncio.ensure_future(self._pump(connection, answers, connection.client))
        await self._pump(connection, reader, server)
        if connection.is_swallowed:
            await back  # the server is not told that the client has gone: it keeps its end until it has had enough
        back.cancel()
        server.close()

    async def _pump(self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)  # in a task of the proxy's loop: the delay itself
                await self._is_open.wait()
                if not connection.is_swallowed:
                    writer.write(data)
                    await writer.drain()
        if not connection.is_swallowed:
            writer.close()

    @staticmethod
    async def _drop(reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(CHUNK):
                continue


class Proxies:
    """All proxies, in one thread with one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos-proxies", daemon=True)
        self._thread.start()
        self._opened: list[Proxy] = []

    def open(self, target: int) -> Proxy:
        """Return a new proxy before a port of this machine."""
        proxy = self._run(self._open(target))
        self._opened.append(proxy)
        return proxy

    async def _open(self, target: int) -> Proxy:
        proxy = Proxy(self, target)
        await proxy.open()
        return proxy

    def call(self, work: Callable[[], Any]) -> None:
        """Do something in the loop's thread, and return when it is done."""

        async def run() -> None:
            work()

        self._run(run())

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        """Close all, and end the thread."""
        for each in self._opened:
            self._run(each.close())
        self._run(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _end_tasks() -> None:
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def open_proxies() -> Iterator[Proxies]:
    """Yield the maker of proxies; all are closed at the end."""
    proxies = Proxies()
    try:
        yield proxies
    finally:
        proxies.close()
