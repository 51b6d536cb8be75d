"""A triggerer's hold on one process that runs triggers: starts it, speaks with it, ends it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from tradewind.execution.channel import Stream
from tradewind.execution.loop import Loop
from tradewind.execution.messages import Message
from tradewind.execution.processes import end_with_parent

MODULE = "tradewind.execution.triggerer.child"
END_SECONDS = 5.0


@dataclass(frozen=True)
class Source:
    """Where triggers' classes come from: a version's root and DAG file; empty for installed distributions."""

    root: str = ""
    path: str = ""


class TriggerProcess:
    """One process, and the triggers that are its own.

    Arguments:
        loop: calls back.
        source: whose triggers it runs.
        environ: of the process: without what leads to the database.
        block_limit: seconds for which its loop may stand still before it is told.
        on_message: called with the process and each message of it, and whether it came as a question.
        on_end: called when it has hung up.
    """

    def __init__(
        self,
        loop: Loop,
        source: Source,
        environ: Mapping[str, str],
        *,
        block_limit: float,
        on_message: Callable[[TriggerProcess, Message, bool], None],
        on_end: Callable[[TriggerProcess], None],
    ) -> None:
        self._loop = loop
        self._on_message = on_message
        self._on_end = on_end
        self.source = source
        self.keys: set[int] = set()
        self.asker = 0
        self.is_alone = False
        self.begun = loop.now()
        events, their_events = socket.socketpair()
        questions, their_questions = socket.socketpair()
        theirs = (their_events.fileno(), their_questions.fileno())
        with their_events, their_questions:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                [sys.executable, "-m", MODULE, *map(str, theirs), source.root, source.path, str(block_limit)],
                pass_fds=theirs,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509  (nothing is locked that it would need)
            )
        self._events, self._questions = Stream(events), Stream(questions)
        for stream in (self._events, self._questions):
            self._watch(stream)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def send(self, item: Message) -> None:
        """Say something on the stream of events."""
        self._write(self._events, item)

    def answer(self, item: Message) -> None:
        """Answer a question."""
        self._write(self._questions, item)

    def close(self, *, kill: bool = False) -> None:
        """Hang up, and end the process if it does not leave by itself."""
        for stream in (self._events, self._questions):
            if stream.sock.fileno() >= 0:
                self._loop.forget(stream.sock.fileno())
                stream.close()
        if kill:
            self._process.kill()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def told_end(self) -> str:
        """Return how the process ended, in a few words; it has hung up."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        code = self._process.returncode
        return "it hangs" if code is None else f"exit code {code}" if code >= 0 else f"signal {-code}"

    def _watch(self, stream: Stream) -> None:
        self._loop.watch(stream.sock.fileno(), lambda: self._read(stream))

    def _read(self, stream: Stream) -> None:
        for item in stream.read():
            self._on_message(self, item, stream is self._questions)
        if not stream.is_open and stream.sock.fileno() >= 0:
            self._loop.forget(stream.sock.fileno())
            if stream is self._events:
                self._on_end(self)

    def _write(self, stream: Stream, item: Message) -> None:
        if stream.is_open and stream.write(item):
            self._loop.when_writable(stream.sock.fileno(), lambda: self._flush(stream))

    def _flush(self, stream: Stream) -> None:
        if not stream.flush():
            self._loop.when_writable(stream.sock.fileno(), None)
