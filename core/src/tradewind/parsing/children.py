"""Forking a child for every file to import, a few at a time, and collecting their results."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import tradewind
from tradewind.operators import bash, empty, python
from tradewind.parsing import child
from tradewind.parsing.child import Job
from tradewind.parsing.inputs import Inputs
from tradewind.parsing.messages import ASK, RESULT, Frames, send
from tradewind.parsing.results import ImportFailure, ParsedFile, decode

log = logging.getLogger(__name__)
_GRACE_SECONDS = 5.0  # a child stops an import that is too long itself, with a traceback; this is for one that cannot
_TURN_SECONDS = 0.2

# Resolving the lazy names imports what nearly every DAG file imports: once here, instead of in each child.
_INHERITED = (*(getattr(tradewind, name) for name in tradewind.__all__), bash, empty, python)

Answer = Callable[[str, str], Any]
"""What a child's question is answered by: its kind (``variable``, ``connection``) and the name, to JSON values."""


@dataclass
class _Child:
    job: Job
    pid: int
    channel: socket.socket
    deadline: float
    frames: Frames = field(default_factory=Frames)
    asked: dict[str, Any] = field(default_factory=dict)
    result: bytes | None = None


def parse_all(
    jobs: Iterable[Job],
    *,
    at_once: int,
    answer: Answer,
    stopped: Callable[[], bool],
    before_fork: Callable[[], None] = lambda: None,
) -> Generator[tuple[ParsedFile, dict[str, Any]], None, None]:
    """Import files, each in a forked child of its own, and yield the results as they come.

    Args:
        jobs: the files.
        at_once: how many children at most.
        answer: what answers questions for variables and connections.
        stopped: asked often; once it says so, all children are killed and the iteration ends.
        before_fork: called before every fork, to let go of what a child must not have.

    Yields:
        The result, and what the child asked for with the answers, by ``kind:name``.
    """
    waiting = iter(jobs)
    running: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        try:
            while not stopped():
                while len(running) < at_once and (job := next(waiting, None)) is not None:
                    before_fork()
                    begun = _fork(job)
                    running[begun.pid] = begun
                    selector.register(begun.channel, selectors.EVENT_READ, begun)
                if not running:
                    return
                for ended in _turn(selector, running, answer):
                    selector.unregister(ended.channel)
                    del running[ended.pid]
                    yield _finish(ended), ended.asked
        finally:
            for left in running.values():
                _finish(left)


def _fork(job: Job) -> _Child:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        child.run(job, theirs)
    theirs.close()
    with contextlib.suppress(OSError):  # the child does the same: whoever comes first, the group is there in time
        os.setpgid(pid, pid)
    return _Child(job, pid, ours, time.monotonic() + job.timeout + _GRACE_SECONDS)


def _turn(selector: selectors.BaseSelector, running: dict[int, _Child], answer: Answer) -> list[_Child]:
    """Wait a moment and return the children that are done: with a result, without one, or over time."""
    done = [key.data for key, _ in selector.select(_TURN_SECONDS) if _read(key.data, answer)]
    now = time.monotonic()
    return done + [late for late in running.values() if late.deadline < now and late not in done]


def _read(begun: _Child, answer: Answer) -> bool:
    """Take in what a child has sent; return whether that was the last of it."""
    try:
        data = begun.channel.recv(1 << 20)
    except ConnectionResetError:
        return True
    for kind, payload in begun.frames.feed(data):
        if kind == RESULT:
            begun.result = payload
            return True
        if kind == ASK:
            what, name = json.loads(payload)
            found = begun.asked[f"{what}:{name}"] = answer(what, name)
            with contextlib.suppress(BrokenPipeError):  # the child died waiting; its end is seen in the next turn
                send(begun.channel, b"V", json.dumps(found).encode())
    return not data


def _finish(ended: _Child) -> ParsedFile:
    """Reap a child, whatever it is doing, and return its result or why there is none."""
    # A child that is ending by itself keeps its own exit status: the kernel has set it before the channel closed.
    # Its group, as what an import has started must not outlive it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(ended.pid, signal.SIGKILL)
    ended.channel.close()
    _, status = os.waitpid(ended.pid, 0)
    if ended.result is None:
        return _without_result(ended.job, _cause(ended, status))
    try:
        return decode(ended.result)
    except (ValueError, KeyError, TypeError):
        log.exception("the result of importing %s cannot be read", ended.job.path)
        return _without_result(ended.job, "The process that imported the file sent a result that cannot be read.")


def _cause(ended: _Child, status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if ended.deadline < time.monotonic():
        return f"The import took longer than {ended.job.timeout:g} s and could not be interrupted."
    if code < 0:
        return f"The process that imported the file was killed by {signal.Signals(-code).name}."
    return f"The process that imported the file ended with exit code {code} before it had a result."


def _without_result(job: Job, sentence: str) -> ParsedFile:
    return ParsedFile(job.path, inputs=Inputs(files=(job.path,)), failure=ImportFailure(sentence))
