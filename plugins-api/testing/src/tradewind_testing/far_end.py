"""Where tickets get to, for the suite of executors: a program `tradewind` that says that it was started and ends when it is told.

It stands in for `tradewind tasks run-try`: it connects to the kit, says with which words it was called, and waits. The
connection's end is the end of its process, however that came about, so nothing is asked by the clock; and when the kit is
gone, what is left of it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tradewind_plugins.contracts.executor import Ticket

__all__ = ["Call", "FarEnd"]

MARK = "TRADEWIND_KIT_"
"""How the names of variables begin that the program tells the kit of."""

_PROGRAM = """#!{python} -IS
import json, os, socket, sys
try:
    kit = socket.create_connection({address!r})
    marked = {{name: value for name, value in os.environ.items() if name.startswith({mark!r})}}
    told = {{"words": sys.argv[1:], "pid": os.getpid(), "environ": marked}}
    kit.sendall(json.dumps(told).encode() + b"\\n")
    answer = int(kit.makefile().readline() or 1)
except OSError as error:
    sys.exit("the kit that this stands in for is gone: " + str(error))
if answer < 0:
    os.kill(os.getpid(), -answer)
sys.exit(answer)
"""


class Call:
    """One start of the program.

    Arguments:
        told: what it said of itself.
        connection: to it.
    """

    def __init__(self, told: Mapping[str, Any], connection: socket.socket) -> None:
        self.words: Sequence[str] = told["words"]
        self.pid: int = told["pid"]
        self.environ: Mapping[str, str] = told["environ"]
        self.was_told = False
        self._connection = connection
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<tradewind {' '.join(self.words)}>"

    @property
    def is_running(self) -> bool:
        """Whether its process is still there."""
        return not self._ended.is_set()

    def end(self, code: int = 0) -> None:
        """Have it end with this exit code; with a negative one, by this signal."""
        self.was_told = self.is_running
        with contextlib.suppress(OSError):
            self._connection.sendall(b"%d\n" % code)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; tell whether it has ended."""
        return self._ended.wait(seconds)

    def watch(self, changed: Callable[[], None]) -> None:
        """Wait for the end of the connection, which is the end of the process."""
        with contextlib.suppress(OSError):
            while self._connection.recv(4096):
                continue
        self._ended.set()
        self._connection.close()
        changed()


class FarEnd:
    """Makes the program, and notes each start of it. Used as a context manager.

    Arguments:
        folder: an empty one, for the program.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[Call] = []
        self._changed = threading.Condition()
        self._listener = socket.socket()
        self._thread = threading.Thread(target=self._accept, name="tradewind-kit-far-end", daemon=True)

    def __enter__(self) -> FarEnd:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        text = _PROGRAM.format(python=sys.executable, address=self._listener.getsockname(), mark=MARK)
        self.program.parent.mkdir(parents=True)
        self.program.write_text(text)
        self.program.chmod(0o755)
        module = self.folder / "lib" / "tradewind" / "__main__.py"
        module.parent.mkdir(parents=True)
        (module.parent / "__init__.py").write_text("")
        module.write_text(text)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.end_all()

    @property
    def program(self) -> Path:
        """The program `tradewind`."""
        return self.folder / "bin" / "tradewind"

    def environ(self) -> dict[str, str]:
        """Return an environment in which `tradewind` and `python -m tradewind` are the program."""
        mine = {
            "PATH": os.pathsep.join([str(self.program.parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(self.folder / "lib"), os.environ.get("PYTHONPATH")]),
            ),
        }
        return dict(os.environ, **mine)

    def calls_of(self, ticket: Ticket) -> list[Call]:
        """Return the starts that a ticket has had."""
        wanted = [str(ticket.instance), str(ticket.token)]
        return [each for each in list(self.calls) if list(each.words[2:4]) == wanted]

    def runs(self, ticket: Ticket) -> bool:
        """Tell whether a process of a ticket is there now."""
        return any(each.is_running for each in self.calls_of(ticket))

    def end_all(self, code: int = 0) -> None:
        """Have all that run end."""
        for each in list(self.calls):
            if each.is_running:
                each.end(code)

    def wait_for_change(self, seconds: float) -> None:
        """Wait until a process starts or ends, or this time is over."""
        with self._changed:
            self._changed.wait(seconds)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            line = lines.readline()
        if not line:  # killed before it could say anything
            connection.close()
            return
        call = Call(json.loads(line.decode()), connection)
        self.calls.append(call)
        self._tell()
        call.watch(self._tell)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
