"""A warm parent: has imported one version's code, and forks one process per task.

One child waits, already forked, for the next start (the *spare*), so that a start costs a message and not a fork: the next
spare is forked while the task runs. That is for a file whose tasks come one after the other. Starts that lie there already are
taken by the parent, which forks a child for each, one right after the other: what it writes to between two forks is copied for
each of them. A file may have no more tasks than waited for its import, so none is forked ahead until more come; and a spare
that has waited for two seconds ends, and with it what it takes of memory: a chain whose tasks take longer does not feel the
3 ms of a fork.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import select
import socket
import struct
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tradewind_plugins.host import bind

from tradewind.authoring.fork_safety import before_import, hazards
from tradewind.execution import child, live_reads
from tradewind.execution.asking_import import ImportHost
from tradewind.execution.channel import receive_packet
from tradewind.execution.code import load
from tradewind.execution.messages import Hello, OpenParent, ParentFailed, ParentReady, Retire
from tradewind.execution.nest import DRAIN, Nest
from tradewind.execution.rehearsal import warm_up

LONGEST_TRACE = 20_000
PID = struct.Struct("=i")
SPARE_SECONDS = 2.0
FIRST_SECONDS = 0.05
UNUSED = 71  # the exit code of a spare that nobody needed


def run(spec: OpenParent, control: socket.socket, starts: socket.socket) -> int:
    """Import the code, report, and fork tasks until told to retire. Return the exit code."""
    nest = Nest(control)
    nest.report(Hello(os.getpid()))
    live_reads.watch(spec.live_folder, spec.root)
    begun, before, host = time.monotonic(), before_import(), ImportHost()
    try:
        with memory_limit(spec.import_memory), bind(host):
            child.code = load(spec.root, spec.path)
    except BaseException as error:  # noqa: BLE001  (user code: an import may raise SystemExit as well)
        if not host.asked:
            nest.report(ParentFailed(import_error(spec.path, error), traceback.format_exc()[-LONGEST_TRACE:]))
            return 1
    seconds = time.monotonic() - begun
    gc.collect()
    gc.freeze()
    unsafe = host.asked[:1] or hazards(spec.root, before)
    nest.report(ParentReady(os.getpid(), seconds, unsafe))
    if unsafe:
        return 0  # the supervisor sends these tasks to the zygote, which forks a process that imports the code itself
    WarmParent(nest, starts).serve()
    return 0


@contextmanager
def memory_limit(more: int) -> Iterator[None]:
    """Let the address space grow by at most `more` bytes inside the block; the tasks forked later are not limited."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def import_error(path: str, error: BaseException) -> str:
    """Return the sentence for a DAG file that could not be imported."""
    return f"{path} could not be imported: {type(error).__name__}: {error}"


class WarmParent:
    """The loop of a warm parent.

    Arguments:
        nest: its control socket and its children.
        starts: where its spare waits for the next start; all children share it, one gets each packet.
    """

    def __init__(self, nest: Nest, starts: socket.socket) -> None:
        self._nest = nest
        self._starts = starts
        self._taken_read, self._taken_write = os.pipe()
        os.set_blocking(self._taken_read, False)
        self._spare: int | None = None
        self._is_resting = False
        self._is_ahead = False
        self._born = time.monotonic()
        self._is_retiring = False
        self._is_over = False
        nest.watch(self._taken_read)

    def serve(self) -> None:
        """Fork for every start; when retired, go on until those that were sent before are taken and the children have ended."""
        control, starts = self._nest.control.fileno(), self._starts.fileno()
        self._rest(is_resting=True)
        while not self._is_over or self._nest.children:
            if self._spare is None and not self._is_over and not self._is_resting:
                self._spare = self._nest.fork(self._wait_for_start)
            ready = self._nest.wait()
            self._note_taken()
            if self._spare is not None and self._spare not in self._nest.children:
                self._note_spare_ended(self._nest.ended.get(self._spare))
            if starts in ready:
                self._is_ahead = time.monotonic() - self._born > FIRST_SECONDS
                self._take()
            if control in ready and self._is_abandoned():
                return

    def _rest(self, *, is_resting: bool) -> None:
        """Have no spare until a start is there, or the end of them; or have one again."""
        if is_resting == self._is_resting:
            return
        self._is_resting = is_resting
        if is_resting:
            self._nest.watch(self._starts.fileno())
        else:
            self._nest.forget(self._starts.fileno())

    def _note_taken(self) -> None:
        """Learn whether the spare has a task now. Read after reaping: a short task may have ended already."""
        try:
            data = os.read(self._taken_read, DRAIN)
        except BlockingIOError:
            return
        if any(pid == self._spare for (pid,) in PID.iter_unpack(data)):
            self._spare = None
            self._take()

    def _note_spare_ended(self, code: int | None) -> None:
        """The spare ended without a start: killed, or none came for a while, or there will be no more."""
        self._spare = None
        if code == UNUSED:
            self._is_ahead = False
            self._rest(is_resting=True)
        elif self._is_retiring:
            self._is_over = True

    def _take(self) -> None:
        """Fork for each start that lies there, while there is no spare to take it."""
        while not self._is_over and self._has_start():
            try:
                item, descriptors = receive_packet(self._starts)
            except ConnectionResetError:
                item, descriptors = None, []
            if item is None:
                self._is_over = True
            else:
                self._nest.fork(partial(self._settle_and_run, descriptors))
            for descriptor in descriptors:
                os.close(descriptor)
        self._rest(is_resting=not self._is_over and not self._is_ahead)

    def _has_start(self, seconds: float = 0.0) -> bool:
        """Tell whether a start is there, or the end of them; wait for it so long."""
        poll = select.poll()
        poll.register(self._starts.fileno(), select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _is_abandoned(self) -> bool:
        """Read a packet; a supervisor that is gone stops the parent at once, its children are the watcher's to end."""
        item, _descriptors = self._nest.packet()
        if isinstance(item, Retire):
            self._is_retiring = True
        return item is None

    def _settle_and_run(self, descriptors: list[int]) -> int:
        """Run the task of a start that the parent has taken."""
        os.close(self._taken_read)
        os.close(self._taken_write)
        self._starts.close()
        child.settle()
        return child.live(child.greet(descriptors[0]), descriptors[1])

    def _wait_for_start(self) -> int:
        """The spare: wait for a start, using the time to warm up; tell the parent that it is taken, and run the task."""
        os.close(self._taken_read)
        child.settle()
        if not self._has_start():
            warm_up()
            if not self._has_start(SPARE_SECONDS):
                return UNUSED
        try:
            item, descriptors = receive_packet(self._starts)
        except ConnectionResetError:
            return 0
        if item is None:
            return 0
        channel = child.greet(descriptors[0])
        with contextlib.suppress(BrokenPipeError):  # a parent that was killed: the task runs all the same
            os.write(self._taken_write, PID.pack(os.getpid()))
        os.close(self._taken_write)
        self._starts.close()
        return child.live(channel, descriptors[1])
