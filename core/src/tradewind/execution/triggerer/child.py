"""The process that runs triggers in one event loop: `python -m tradewind.execution.triggerer.child EVENTS QUESTIONS ROOT PATH`.

EVENTS and QUESTIONS are the numbers of two open sockets. On the first the triggerer says what to run and hears what was
found; on the second triggers ask for connections, variables and runs of DAGs, one question at a time. ROOT and PATH are the
sources whose triggers run here, and the DAG file in them; empty for triggers of installed distributions.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import bind
from tradewind_plugins.triggers import BaseTrigger

from tradewind.authoring.loading import dag_module_name
from tradewind.execution import code, results
from tradewind.execution.channel import Channel, Frames, frame
from tradewind.execution.messages import (
    DropTrigger,
    Message,
    OnBehalfOf,
    Reply,
    Request,
    RunTrigger,
    Start,
    TriggerBlocks,
    TriggerFired,
    TriggerSaid,
)
from tradewind.execution.task_host import TaskHost
from tradewind.execution.task_log import LineFormatter
from tradewind.execution.triggerer.first_event import events_of, first_event, told
from tradewind.execution.triggerer.watching import LoopWatch
from tradewind.plugins.behaviour import prepare_imports
from tradewind.transitions.states import TriggerEnd

READ_SIZE = 262_144
NOBODY = 0
_running: ContextVar[int] = ContextVar("tradewind_trigger", default=NOBODY)


class Mouth:
    """Tells the triggerer; used by the loop's thread, its watch, and triggers' own threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._turn = threading.Lock()

    def tell(self, item: Message) -> None:
        """Send a message."""
        data = frame(item)
        with self._turn:
            self._sock.sendall(data)


class TriggerHost(TaskHost):
    """Answers a trigger by asking the triggerer. Arguments: `key`, its number; `line`, the socket of questions."""

    def __init__(self, start: Start, key: int, line: Line) -> None:
        super().__init__(start)
        self._key = key
        self._line = line

    def tell(self, item: Message) -> None:
        """See `TaskHost.tell`."""
        self._line.say(self._key, item)

    def ask(self, request: Request) -> Reply:
        """See `TaskHost.ask`. It waits; `asyncio.to_thread` keeps the loop free meanwhile."""
        return self._line.ask(self._key, request)


class Line:
    """The socket of questions: one at a time, of whichever thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    def say(self, key: int, item: Message) -> None:
        """Send a message on behalf of a trigger."""
        with self._turn:
            self._channel.send(OnBehalfOf(key))
            self._channel.send(item)

    def ask(self, key: int, request: Request) -> Reply:
        """Ask on behalf of a trigger, and wait for the answer."""
        with self._turn:
            self._channel.send(OnBehalfOf(key))
            self._channel.send(request)
            reply = self._channel.receive()
        if not isinstance(reply, Reply):
            raise TypeError(f"expected a reply, got {reply!r}")
        return reply


class Classes:
    """Imports classes of triggers, each once, in a thread: an import may take long, and the loop must not stand still.

    Arguments:
        root, path: the sources that they come with, and the DAG file there; empty for installed ones.
    """

    def __init__(self, root: str, path: str) -> None:
        self._root = root
        self._path = path
        self._file = dag_module_name(path) if path else None
        self._found: dict[str, Any] = {}
        self._thread = ThreadPoolExecutor(1, "tradewind-imports")
        if root:
            code.enter(root)

    async def get(self, classpath: str) -> Callable[..., BaseTrigger]:
        """Return the class.

        Raises:
            TradewindException: there is none of that path.
            Exception: whatever the import raises.
        """
        if classpath not in self._found:
            self._found[classpath] = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._import, classpath
            )
        found: Callable[..., BaseTrigger] = self._found[classpath]
        return found

    def _import(self, classpath: str) -> Any:
        module, _, name = classpath.rpartition(".")
        if module == self._file and module not in sys.modules:
            code.load(self._root, self._path)
        try:
            return getattr(importlib.import_module(module), name)
        except (AttributeError, ValueError, ModuleNotFoundError) as error:
            raise TradewindException(
                f"There is no trigger {classpath!r} here: {error}. A trigger's class stands at the top level of a module that is "
                "installed where the triggerer runs, or comes with the DAG file."
            ) from error


class Triggers:
    """Runs triggers until the triggerer hangs up."""

    def __init__(self, events: socket.socket, line: Line, classes: Classes) -> None:
        self._sock = events
        self._mouth = Mouth(events)
        self._line = line
        self._classes = classes
        self._frames = Frames()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._hung_up = asyncio.Event()

    async def serve(self, block_limit: float) -> None:
        """Run what the triggerer says; `block_limit` are the seconds after which a loop that stands still is told of."""
        loop = asyncio.get_running_loop()
        logging.getLogger().handlers[:] = [_TriggersLog(self._mouth)]
        loop.add_reader(self._sock.fileno(), self._read)
        with LoopWatch(loop, block_limit, self._blocked):
            await self._hung_up.wait()

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_SIZE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._sock.fileno())
            self._hung_up.set()
        for item in self._frames.feed(data):
            self._obey(item)

    def _obey(self, item: Message) -> None:
        if isinstance(item, RunTrigger):
            task = asyncio.get_running_loop().create_task(self._run(item), name=str(item.key))
            self._tasks[item.key] = task
            task.add_done_callback(partial(self._done, item.key))
        elif isinstance(item, DropTrigger):
            task_or_none = self._tasks.get(item.key)
            if task_or_none is not None:
                task_or_none.cancel()

    def _done(self, key: int, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)

    def _blocked(self, task: Any, seconds: float, place: str) -> None:
        """Tell of a loop that stands still, from the watch's thread."""
        name = task.get_name() if task is not None else ""
        self._mouth.tell(TriggerBlocks(int(name) if name.isdecimal() else NOBODY, seconds, place))

    async def _run(self, item: RunTrigger) -> None:
        """Run one trigger and tell how it ended; a cancelled one is not waited for."""
        start = Start(*item.start)
        _running.set(item.key)
        with bind(TriggerHost(start, item.key, self._line)):
            try:
                made = await self._classes.get(item.classpath)
                trigger = made(**results.load(item.kwargs))
                how, found = await (self._watch(item.key, trigger) if item.watches else first_event(trigger))
            except asyncio.CancelledError:
                return
            except BaseException as error:  # noqa: BLE001  (user code: whatever it raises, the others go on)
                how, found = TriggerEnd.FAILURE, results.dump(told(error), "a trigger's failure")
        self._mouth.tell(TriggerFired(item.key, how, found))

    async def _watch(self, key: int, trigger: BaseTrigger) -> tuple[str, str]:
        """Tell each event of a trigger, and then that it has stopped."""
        async for found in events_of(trigger):
            self._mouth.tell(TriggerFired(key, TriggerEnd.EVENT, found))
        return TriggerEnd.STOPPED, "null"


class _TriggersLog(logging.Handler):
    """Sends each line to the triggerer, with the number of the trigger that said it."""

    def __init__(self, mouth: Mouth) -> None:
        super().__init__()
        self._mouth = mouth
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        try:
            self._mouth.tell(TriggerSaid(_running.get(), self.format(record)))
        except Exception:  # noqa: BLE001  (logging's own rule: a log call does not raise)
            self.handleError(record)


def main(events: int, questions: int, root: str, path: str, block_limit: float) -> None:
    """Run triggers until the triggerer hangs up."""
    logging.getLogger().setLevel(logging.INFO)
    logging.captureWarnings(True)
    prepare_imports()

    async def run() -> None:
        line = Line(Channel(socket.socket(fileno=questions)))
        await Triggers(socket.socket(fileno=events), line, Classes(root, path)).serve(block_limit)

    asyncio.run(run())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5]))
