"""The supervisor's warm parents: which there are, how a start finds one, when they go.

A parent is named by the hash of its version's sources. It goes when it is old (`execution.parent_max_age`), when the
local
day changes (values computed at import are stale then), when there are too many, or when they take too much memory: the
one
used least recently goes first. A parent that goes is retired: it forks no more and ends with its last child.

An import that fails counts as infrastructure, not as a try of the tasks that wait for it: the parent is opened again,
three
times in all. Only then do they end as failed, with the import's sentence as the cause; a version that failed so is
given a
single attempt by the next task, until it succeeds.
"""

from __future__ import annotations

import logging
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from tradewind.execution.channel import packet_pair, receive_packet, send_packet
from tradewind.execution.loop import Loop, Timer
from tradewind.execution.messages import (
    ChildExited,
    Hello,
    Message,
    OpenParent,
    ParentFailed,
    ParentReady,
    Retire,
    Start,
    StartCold,
    StartWarm,
)
from tradewind.execution.processes import kill_process, nest_size
from tradewind.execution.running import Running
from tradewind.execution.starter import Starter
from tradewind.execution.telling import about_try
from tradewind.execution.zygote_process import ZygoteProcess

log = logging.getLogger(__name__)

ATTEMPTS = 3
FULL_SECONDS = 0.02
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class ParentLimits:
    """How long parents live and how much they may take.

    Arguments:
        max_age: seconds.
        max_count: parents kept.
        max_memory: bytes of proportional set size in all.
        import_seconds: that the import of one file may take.
        retry_seconds: before the second attempt to import a file; twice that before the third.
        greeting_seconds: after which a process that was to take a try is taken to hang.
        import_memory: bytes of address space that the import may add.
    """

    max_age: float = 3600.0
    max_count: int = 20
    max_memory: int = 2048 << 20
    import_seconds: float = 50.0
    retry_seconds: float = 0.5
    greeting_seconds: float = 60.0
    import_memory: int = 2048 << 20


@dataclass(eq=False)
class Parent:
    """One warm parent as the supervisor knows it; `start` is of the first try that needed it."""

    start: Start
    control: socket.socket
    starts: socket.socket
    born: float
    day: date
    attempt: int
    pid: int | None = None
    is_ready: bool = False
    is_cold: bool = False
    problem: str | None = None
    size: int = 0
    timer: Timer | None = None
    waiting: list[Running] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The hash of the sources of its version."""
        return self.start.source_hash

    @property
    def path(self) -> str:
        """The DAG file that it imported."""
        return self.start.path


class Parents(Starter):
    """Starts tries in processes forked from the parent of their version.

    Arguments:
        loop: calls back.
        zygote: forks parents, and processes that import the code themselves.
        limits: see `ParentLimits`.
        on_exit: called with pid and status of each process that was forked for a task and has ended.
        on_unimportable: called with the tries whose version cannot be imported, and the sentence why.
        today: returns the day where this process is: at its midnight, what was computed at import grows old.
    """

    def __init__(
        self,
        loop: Loop,
        zygote: ZygoteProcess,
        limits: ParentLimits,
        *,
        on_exit: Callable[[int, int], None],
        on_unimportable: Callable[[Running, str], None],
        today: Callable[[], date] = date.today,
    ) -> None:
        self._loop = loop
        self._zygote = zygote
        self._limits = limits
        self._on_exit = on_exit
        self._on_unimportable = on_unimportable
        self._today = today
        self._parents: OrderedDict[str, Parent] = OrderedDict()
        self._retired: set[Parent] = set()
        self._broken: set[str] = set()
        self._cold_names: set[str] = set()
        self._look: Timer | None = None

    def start(self, running: Running) -> None:
        """Start a try: in a process that waits already, or as soon as its version's parent has one."""
        if running.start.isolation == "fresh" or running.start.source_hash in self._cold_names:
            self._start_cold(running)
            return
        parent = self._parent_for(running)
        if parent.is_ready:
            self._start_warm(parent, running)
        else:
            parent.waiting.append(running)

    def forget(self, running: Running) -> None:
        """Do not start a try that still waits for its parent."""
        for parent in self._parents.values():
            if running in parent.waiting:
                parent.waiting.remove(running)

    def reaped(self, pid: int, status: int) -> bool:
        """Take note that a child of this process was reaped; return whether it was the zygote."""
        if pid != self._zygote.pid:
            return False
        self._zygote.ended(status)
        return True

    def pids(self) -> Iterable[int]:
        """Return the processes of the parents that are known."""
        return [parent.pid for parent in (*self._parents.values(), *self._retired) if parent.pid is not None]

    def retire_stale(self) -> None:
        """Retire parents that are too old, from yesterday, or beyond the limits of count and memory."""
        for parent in [each for each in self._parents.values() if self._is_stale(each)]:
            self._retire(parent)
        for parent in self._parents.values():
            parent.size = nest_size(parent.pid or 0)
        self._keep_limits()

    def _keep_limits(self) -> None:
        """Retire what is beyond the limits, by the sizes that were found last.

        Looking costs the system a walk over all pages of a parent: 20 of them, looked at for each new one, took longer than
        its import. So a new one is looked at after a moment, and all now and then.
        """
        while len(self._parents) > self._limits.max_count and self._retire_oldest():
            continue
        while sum(each.size for each in self._parents.values()) > self._limits.max_memory and self._retire_oldest():
            continue

    def _look_at_new(self) -> None:
        """Learn what parents take that were opened lately and are still there; one that is not kept costs no look."""
        self._look = None
        for parent in self._parents.values():
            if parent.is_ready and not parent.size:
                parent.size = nest_size(parent.pid or 0)
        self._keep_limits()

    def close(self) -> None:
        """Retire all, and end the zygote."""
        for parent in list(self._parents.values()):
            self._retire(parent)
        self._zygote.close()

    # --- finding and opening ------------------------------------------------------------------------------------------

    def _parent_for(self, running: Running) -> Parent:
        name = running.start.source_hash
        parent = self._parents.get(name)
        if parent is not None and parent.is_ready and self._is_stale(parent):
            self._retire(parent)
            parent = None
        if parent is None:
            attempt = ATTEMPTS if name in self._broken else 1
            parent = self._open(running.start, attempt)
            self._keep_limits()
        self._parents.move_to_end(name)
        return parent

    def _open(self, start: Start, attempt: int) -> Parent:
        """Have a parent forked for the version that a try needs."""
        name = start.source_hash
        control, their_control = packet_pair()
        starts, their_starts = packet_pair()
        control.setblocking(False)
        starts.setblocking(False)
        parent = Parent(start, control, starts, self._loop.now(), self._today(), attempt)
        self._parents[name] = parent
        self._loop.watch(control.fileno(), lambda: self._read(parent))
        parent.timer = self._loop.after(self._limits.import_seconds, lambda: self._import_too_long(parent))
        with their_control, their_starts:
            spec = OpenParent(name, start.root, start.path, self._limits.import_memory, start.live_folder)
            self._zygote.send(spec, [their_control.fileno(), their_starts.fileno()])
        return parent

    def _is_stale(self, parent: Parent) -> bool:
        too_old = self._loop.now() - parent.born > self._limits.max_age
        return parent.is_ready and (too_old or parent.day != self._today())

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start_warm(self, parent: Parent, running: Running) -> None:
        """Hand a try to the parent's waiting child."""
        if running.theirs is None:
            return
        try:
            send_packet(parent.starts, StartWarm(), running.theirs)
        except BlockingIOError:
            self._loop.after(FULL_SECONDS, lambda: self.start(running))
            return
        except OSError:
            parent.waiting.append(running)  # the parent is dead; the end of its control socket comes next
            return
        running.close_theirs()
        self._expect_greeting(running, parent)

    def _start_cold(self, running: Running) -> None:
        if running.theirs is not None:
            self._zygote.send(StartCold(), running.theirs)
            running.close_theirs()
            self._expect_greeting(running, None)

    def _expect_greeting(self, running: Running, parent: Parent | None) -> None:
        check = partial(self._check_greeted, running, running.dispatches, parent)
        running.timers.append(self._loop.after(self._limits.greeting_seconds, check))

    def _check_greeted(self, running: Running, dispatch: int, parent: Parent | None) -> None:
        """Kill who was to take a try and has not: the try's channel is closed by that, and it is started again."""
        if running.pid is not None or running.is_reported or running.stream is None or running.dispatches != dispatch:
            return
        whose = "the zygote" if parent is None else f"a parent of {parent.path}"
        log.error("%s did not take a start: killing it", whose, extra=about_try(running.start))
        if parent is None:
            self._zygote.kill()
        elif parent.pid is not None and parent.control.fileno() >= 0:
            kill_process(parent.pid)  # if it has ended meanwhile, the end of its control socket comes next

    def _start_waiting(self, parent: Parent) -> None:
        waiting, parent.waiting = parent.waiting, []
        for running in waiting:
            self.start(running)

    # --- what parents say ---------------------------------------------------------------------------------------------

    def _read(self, parent: Parent) -> None:
        while True:
            try:
                item, _descriptors = receive_packet(parent.control)
            except BlockingIOError:
                return
            except ConnectionResetError:
                item = None
            if item is None:
                self._ended(parent)
                return
            self._hear(parent, item)

    def _hear(self, parent: Parent, item: Message) -> None:
        match item:
            case ChildExited(pid, status):
                self._on_exit(pid, status)
            case Hello(pid):
                parent.pid = pid
            case ParentReady(_pid, seconds, hazards):
                self._ready(parent, seconds, hazards)
            case ParentFailed(error, trace):
                parent.problem = error
                log.warning("%s\n%s", error, trace)
            case _:
                log.error("a warm parent sent %r, which is not for the supervisor", item)

    def _ready(self, parent: Parent, seconds: float, hazards: list[str]) -> None:
        self._broken.discard(parent.name)
        if parent.timer is not None:
            parent.timer.cancel()
        if hazards:
            log.warning(
                "importing %s leaves behind what processes must not share (%s), so no task is forked from it: each imports "
                "it anew, in %.2f s. Make such things inside the task to avoid that",
                parent.path,
                ", ".join(hazards),
                seconds,
            )
            self._cold_names.add(parent.name)
            parent.is_cold = True
            return  # the parent ends by itself; its end starts those who wait
        parent.is_ready = True
        self._start_waiting(parent)
        if self._look is None:
            self._look = self._loop.after(LOOK_SECONDS, self._look_at_new)

    def _import_too_long(self, parent: Parent) -> None:
        parent.problem = (
            f"{parent.path} was not imported within {self._limits.import_seconds:g} s ([parsing] file_timeout)"
        )
        if parent.pid is not None:
            kill_process(parent.pid)
        else:
            self._zygote.kill()  # it hangs, or was stopped: the parent was not even forked

    def _ended(self, parent: Parent) -> None:
        """The parent's process has ended: as told, or by itself, or killed."""
        self._close(parent)
        self._retired.discard(parent)
        if self._parents.get(parent.name) is parent:
            del self._parents[parent.name]
        if parent.is_ready or parent.is_cold:
            self._start_waiting(parent)
            return
        problem = parent.problem or f"the process that imported {parent.path} ended before it was done"
        if parent.attempt < ATTEMPTS:
            self._loop.after(self._limits.retry_seconds * parent.attempt, lambda: self._open_again(parent))
        else:
            self._broken.add(parent.name)
            for running in parent.waiting:
                self._on_unimportable(running, problem)

    def _open_again(self, failed: Parent) -> None:
        current = self._parents.get(failed.name)
        if current is None:
            current = self._open(failed.start, failed.attempt + 1)
        current.waiting.extend(failed.waiting)
        if current.is_ready:
            self._start_waiting(current)

    # --- retiring -----------------------------------------------------------------------------------------------------

    def _retire_oldest(self) -> bool:
        """Retire the ready parent that was used least recently, if there is one; the newest one stays."""
        ready = [each for each in self._parents.values() if each.is_ready]
        if len(ready) < 2:
            return False
        self._retire(ready[0])
        return True

    def _retire(self, parent: Parent) -> None:
        del self._parents[parent.name]
        self._retired.add(parent)
        try:
            send_packet(parent.control, Retire())
        except OSError:
            log.debug("a warm parent ended before it was retired")
        self._loop.forget(parent.starts.fileno())
        parent.starts.close()

    def _close(self, parent: Parent) -> None:
        if parent.timer is not None:
            parent.timer.cancel()
        self._loop.forget(parent.control.fileno())
        parent.control.close()
        parent.starts.close()
