"""A warm parent: has imported one version's code, and forks one process per task.

One child waits, already forked, for the next start (the *spare*), so that a start costs a message and not a fork: the next
spare is forked while the task runs. That is for a file whose tasks come one after the other. For the starts that waited for
the import a child each is forked as they are taken, and none ahead, as a file may have no more of them; and a spare that has
waited for two seconds ends, and with it what it takes of memory: a chain whose tasks take longer does not feel the 3 ms of a
fork.
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
        nest.watch(self._taken_read)

    def serve(self) -> None:
        """Keep a spare; when retired, go on until the starts that were sent before are taken and the children have
        ended.
        """
        control, starts = self._nest.control.fileno(), self._starts.fileno()
        is_over = False
        self._rest(is_resting=True)
        while not is_over or self._nest.children:
            if self._spare is None and not is_over and not self._is_resting:
                self._spare = self._nest.fork(self._wait_for_start)
            ready = self._nest.wait()
            self._note_taken()
            if self._spare is not None and self._spare not in self._nest.children:
                # It ended without a start: killed, or none came for a while, or there are no more
                is_unused = self._nest.ended.get(self._spare) == UNUSED
                is_over = self._is_retiring and not is_unused
                self._is_ahead = self._is_ahead and not is_unused
                self._rest(is_resting=is_unused)
                self._spare = None
            if starts in ready:
                self._is_ahead = time.monotonic() - self._born > FIRST_SECONDS
                self._rest(is_resting=False)
            if control in ready and self._is_abandoned():
                return

    def _rest(self, *, is_resting: bool) -> None:
        """Have no spare until a start is there for it, or its end; or have one again."""
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
            self._rest(is_resting=not self._is_ahead)

    def _is_abandoned(self) -> bool:
        """Read a packet; a supervisor that is gone stops the parent at once, its children are the watcher's to end."""
        item, _descriptors = self._nest.packet()
        if isinstance(item, Retire):
            self._is_retiring = True
        return item is None

    def _wait_for_start(self) -> int:
        """The spare: wait for a start, tell the parent that it is taken, and run the task."""
        os.close(self._taken_read)
        child.settle()
        if not self._has_start():
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

    def _has_start(self) -> bool:
        """Wait until a start is there, using the time to warm up; False when none has come for a while."""
        poll = select.poll()
        poll.register(self._starts.fileno(), select.POLLIN)
        if poll.poll(0):
            return True
        warm_up()
        return bool(poll.poll(SPARE_SECONDS * 1000))
