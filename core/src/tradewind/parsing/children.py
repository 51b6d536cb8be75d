"""Forking a child for every file to import, a few at a time, and collecting their results."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError

import tradewind
from tradewind.operators import bash, empty, python
from tradewind.parsing import child
from tradewind.parsing.description import Job
from tradewind.parsing.endings import without_result
from tradewind.parsing.messages import ANSWER, ASK, LATE, REFUSAL, RESULT, Frames, send
from tradewind.parsing.orphans import children_now, end_orphans
from tradewind.parsing.output import Output
from tradewind.parsing.results import ParsedFile, decode

log = logging.getLogger(__name__)
_GRACE_SECONDS = 5.0  # a child stops an import that is too long itself, with a traceback; this is for one that cannot
_ABORT_SECONDS = 1.0
_TURN_SECONDS = 0.2
_SLOW_SECONDS = 2.0
_SLOW_PER_SLOT = 4
_ANSWER_SECONDS = 5.0

# Resolving the lazy names imports what nearly every DAG file imports: once here, instead of in each child.
_INHERITED = (*(getattr(tradewind, name) for name in tradewind.__all__), bash, empty, python)

Answer = Callable[[str, str], Any]
"""What a child's question is answered by: its kind (``variable``, ``connection``, ``table``) and the name, to JSON values."""


@dataclass(frozen=True)
class Finished:
    """A child's end.

    Args:
        job: what it was to import.
        parsed: the result, or why there is none.
        asked: what it asked for, with the answers, by ``kind:name``.
        tag: what :meth:`Children.start` was given with the job.
    """

    job: Job
    parsed: ParsedFile
    asked: dict[str, Any]
    tag: Any = None


@dataclass(eq=False)
class _Child:
    job: Job
    tag: Any
    pid: int
    handle: int | None
    channel: socket.socket
    output: Output
    began: float
    deadline: float
    frames: Frames = field(default_factory=Frames)
    asked: dict[str, Any] = field(default_factory=dict)
    result: bytes | None = None
    late: dict[str, Any] | None = None
    prints: bool = True


class Children:
    """The children that import files now.

    Args:
        at_once: how many at most; one that takes long does not count, so that it holds up no other, up to four times
            as many.
        answer: what answers questions for variables and connections.
        before_fork: called before every fork, to let go of what a child must not have.
        has_orphans: whether this process is the reaper of its descendants, see ``orphans``.
    """

    def __init__(
        self,
        *,
        at_once: int,
        answer: Answer,
        before_fork: Callable[[], None] = lambda: None,
        has_orphans: bool = False,
    ) -> None:
        self._at_once = at_once
        self._answer = answer
        self._before_fork = before_fork
        self._has_orphans = has_orphans
        self._others = frozenset(children_now())  # such as a plugin's helper: not ours to end
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Child] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._running)

    def watch(self, descriptor: int) -> None:
        """Let :meth:`wait` end early when a descriptor becomes readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def forget(self, descriptor: int) -> None:
        """Watch a descriptor no more."""
        self._selector.unregister(descriptor)

    def has_room(self) -> bool:
        """Tell whether one more may be started now."""
        now = time.monotonic()
        quick = sum(1 for each in self._running.values() if now - each.began < _SLOW_SECONDS)
        return quick < self._at_once and len(self._running) < self._at_once * _SLOW_PER_SLOT

    def start(self, job: Job, tag: Any = None) -> None:
        """Fork a child for one file."""
        self._before_fork()
        begun = _fork(job, tag)
        self._running[begun.pid] = begun
        self._selector.register(begun.channel, selectors.EVENT_READ, (begun, _read))
        self._selector.register(begun.output, selectors.EVENT_READ, (begun, self._hear))
        if begun.handle is not None:
            self._selector.register(begun.handle, selectors.EVENT_READ, (begun, _read_rest))

    def wait(self, timeout: float) -> list[Finished]:
        """Wait until something happens, ``timeout`` seconds at most, and return the children that are done."""
        done: list[_Child] = []
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                continue
            begun, attend = key.data
            if attend(begun, self._answer) and begun not in done:
                done.append(begun)
        now = time.monotonic()
        done += [late for late in self._running.values() if late.deadline < now and late not in done]
        return [self._finish(each) for each in done]

    def end(self) -> None:
        """Kill all that are left."""
        for left in list(self._running.values()):
            self._finish(left)

    def _hear(self, begun: _Child, _answer: Answer) -> bool:
        if begun.prints and not begun.output.read():
            self._selector.unregister(begun.output)
            begun.prints = False
        return False

    def _finish(self, ended: _Child) -> Finished:
        self._selector.unregister(ended.channel)
        if ended.handle is not None:
            self._selector.unregister(ended.handle)
        if ended.prints:
            self._selector.unregister(ended.output)
        del self._running[ended.pid]
        status = _reap(ended)
        # Not before all are done: nothing tells which import an orphan came from, and it may still be needed
        if self._has_orphans and not self._running and end_orphans(self._others):
            log.warning("imports of DAG files left processes running; they are ended")
        return Finished(ended.job, _result(ended, status), ended.asked, ended.tag)


def parse_all(
    jobs: Iterable[Job],
    *,
    at_once: int,
    answer: Answer,
    stopped: Callable[[], bool],
) -> Generator[tuple[ParsedFile, dict[str, Any]], None, None]:
    """Import files, each in a forked child of its own, and yield the results as they come.

    Args:
        jobs: the files.
        at_once: how many children at most.
        answer: what answers questions for variables and connections.
        stopped: asked often; once it says so, all children are killed and the iteration ends.

    Yields:
        The result, and what the child asked for with the answers, by ``kind:name``.
    """
    waiting = iter(jobs)
    children = Children(at_once=at_once, answer=answer)
    try:
        while not stopped():
            while children.has_room() and (job := next(waiting, None)) is not None:
                children.start(job)
            if not len(children):
                return
            for done in children.wait(_TURN_SECONDS):
                yield done.parsed, done.asked
    finally:
        children.end()


def _fork(job: Job, tag: Any) -> _Child:
    with contextlib.suppress(OSError, ValueError):  # whoever read what we print may have gone
        sys.stdout.flush()  # or the child prints it once more
        sys.stderr.flush()
    ours, theirs = socket.socketpair()
    output = Output()
    pid = os.fork()
    if pid == 0:
        ours.close()
        child.run(job, theirs, output.writer)
    theirs.close()
    output.begin()
    ours.settimeout(_ANSWER_SECONDS)  # for a child that asks and does not listen
    with contextlib.suppress(OSError):  # the child does the same: whoever comes first, the group is there in time
        os.setpgid(pid, pid)
    now = time.monotonic()
    # Its channel may stay open after its end, in the hands of what it has forked
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    return _Child(job, tag, pid, handle, ours, output, now, now + job.timeout + _GRACE_SECONDS)


def _read(begun: _Child, answer: Answer) -> bool:
    """Take in what a child has sent; return whether that was the last of it."""
    try:
        data = begun.channel.recv(1 << 20)
        for kind, payload in begun.frames.feed(data):
            if kind == RESULT:
                begun.result = payload
                return True
            _attend(begun, kind, json.loads(payload), answer)
    except (ConnectionError, TimeoutError, ValueError, TypeError) as error:
        # It died, listens no more, or its code has written into our channel
        log.debug("%s: the channel is broken: %s", begun.job.path, error)
        return True
    return not data


def _read_rest(begun: _Child, answer: Answer) -> bool:
    """Take in what a child that has ended had sent."""
    while select.select([begun.channel], [], [], 0)[0]:
        if _read(begun, answer):
            break
    return True


def _attend(begun: _Child, kind: bytes, said: Any, answer: Answer) -> None:
    if kind == LATE:
        begun.late = said
    if kind != ASK:
        return
    what, name = said
    try:
        found = answer(what, name)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - a secrets backend may raise anything; that is this file's misfortune
        send(begun.channel, REFUSAL, json.dumps(f"{type(error).__name__}: {error}").encode())
        return
    if what not in {"table", "last interval"}:  # whoever reads those is read again after a while
        begun.asked[f"{what}:{name}"] = found
    send(begun.channel, ANSWER, json.dumps(found).encode())


def _reap(ended: _Child) -> int:
    """End a child, whatever it is doing, with all that is in its group, and return its status."""
    if ended.result is None and ended.deadline < time.monotonic():
        # Python's handler prints where the code is, inside of native code too, and lets it die
        with contextlib.suppress(ProcessLookupError):
            os.kill(ended.pid, signal.SIGABRT)
        _drain(ended, _ABORT_SECONDS)
    elif ended.result is None and ended.handle is not None:
        # Its channel is closed: it is ending, or the file has closed it and goes on, and will end with that code
        select.select([ended.handle], [], [], _ABORT_SECONDS)
    # A child that is ending by itself keeps its own exit status: the kernel has set it before the channel closed.
    # Its group, as what an import has started must not outlive it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(ended.pid, signal.SIGKILL)
    _, status = os.waitpid(ended.pid, 0)
    _drain(ended, 0.0)
    ended.channel.close()
    ended.output.close()
    if ended.handle is not None:
        os.close(ended.handle)
    return status


def _drain(ended: _Child, seconds: float) -> None:
    """Read what a child has printed, until it ends or the time is over."""
    until = time.monotonic() + seconds
    while ended.prints and select.select([ended.output], [], [], max(0.0, until - time.monotonic()))[0]:
        ended.prints = ended.output.read()


def _result(ended: _Child, status: int) -> ParsedFile:
    printed = ended.output.text()
    for line in printed.splitlines():
        log.info("%s printed: %s", ended.job.path, line)
    if ended.result is None:
        is_late = ended.deadline < time.monotonic()
        return without_result(ended.job, status, printed, is_late=is_late, late=ended.late)
    try:
        return decode(ended.result)
    except (ValueError, KeyError, TypeError):
        log.exception("the result of importing %s cannot be read", ended.job.path)
        return without_result(ended.job, None, printed)
