"""The triggerer: claims what deferred tasks wait for, has it run by child processes, and fires what they find.

One thread with an event loop; the database is talked to by the clerk's thread, user code runs in the child processes only.
Triggers of installed distributions share a process; those whose class comes with a DAG file share one with the others of its
version. A trigger that blocks its loop keeps the process that it blocks, and all others move to a new one.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tradewind_plugins.contracts.log_store import LogStore

from tradewind import notify
from tradewind.execution.clerk import Clerk
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.loop import Loop, Timer
from tradewind.execution.messages import (
    DropTrigger,
    Mask,
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
from tradewind.execution.results import dump
from tradewind.execution.task_log import line
from tradewind.execution.telling import about_try
from tradewind.execution.triggerer.lifecycle import Claimed, TriggererLifecycle
from tradewind.execution.triggerer.logs import TriggerLog
from tradewind.execution.triggerer.process import Source, TriggerProcess
from tradewind.execution.zygote_process import task_environment
from tradewind.metadata.wakeups import IDLE_POLL_SECONDS, Wakeups
from tradewind.transitions.deferring import Fired
from tradewind.transitions.states import TriggerEnd

log = logging.getLogger(__name__)

CLAIMED_AT_ONCE = 500
FIRED_AT_ONCE = 500
AGAIN_SECONDS = 0.5
LOG_SECONDS = 0.5
CLOSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
LONGEST_PAUSE = 30.0
EXIT_CLEAN = 0
EXIT_DECLARED_DEAD = 4


@dataclass(frozen=True)
class TriggererSettings:
    """Settings of one triggerer; times in seconds.

    Arguments:
        triggerer: id of its row in `daemon`.
        capacity: triggers that it runs at once.
        block_limit: for which a loop may stand still.
    """

    triggerer: str
    capacity: int
    block_limit: float
    log_limit: int
    renew_every: float
    poll_every: float


class Running:
    """A trigger that runs here, under a number of its own."""

    def __init__(self, key: int, claimed: Claimed, start: Start, trigger_log: TriggerLog) -> None:
        self.key = key
        self.claimed = claimed
        self.start = start
        self.log = trigger_log
        self.process: TriggerProcess | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """Its instance, and the claim under which it runs."""
        return self.claimed.waiting.instance, self.claimed.waiting.claim

    def fired(self, how: str, found: str) -> Fired:
        """Return how it ended, for the database."""
        waiting = self.claimed.waiting
        return Fired(waiting.instance, waiting.token, waiting.claim, how, found)


class Triggerer:
    """Runs triggers until told to stop.

    Arguments:
        lifecycle: how it talks to the database; called from the clerk's thread only.
        logs: where triggers' lines go.
        wakeups: tells when there may be something to claim.
    """

    def __init__(
        self, settings: TriggererSettings, lifecycle: TriggererLifecycle, logs: LogStore, wakeups: Wakeups
    ) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._logs = logs
        self._wakeups = wakeups
        self._loop = Loop()
        self._clerk = Clerk(self._loop)
        self._environ = task_environment(os.environ, settings.triggerer)
        self._running: dict[int, Running] = {}
        self._shared: dict[Source, TriggerProcess] = {}
        self._processes: set[TriggerProcess] = set()
        self._pauses: dict[Source, float] = {}
        self._restarts: dict[Source, Timer] = {}
        self._fired: list[Fired] = []
        self._firing: list[Fired] = []
        self._noisy: set[int] = set()
        self._is_firing = False
        self._is_claiming = False
        self._is_renewing = False
        self._last_key = 0
        self._polled_at = 0.0
        self._ear = -1
        self._exit_code = EXIT_CLEAN

    def run(self) -> int:
        """Run until SIGTERM, SIGINT, or until declared dead; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, self._loop.stop)
        self._lifecycle.register()
        notify.beat()
        self._loop.every(self._settings.renew_every, self._renew)
        self._loop.every(self._settings.poll_every, self._poll)
        self._loop.every(LOG_SECONDS, self._write_logs)
        self._loop.every(notify.BEAT_SECONDS, notify.beat)
        self._claim()
        try:
            self._loop.run(self._between)
        finally:
            self._close()
        return self._exit_code

    def _between(self) -> None:
        self._clerk.collect()
        self._listen()
        self._fire()

    def _close(self) -> None:
        self._write_logs()
        if self._fired and not self._is_firing:
            self._clerk.submit(partial(self._lifecycle.fire, self._fired), _nothing, _not_left)
        if self._exit_code == EXIT_CLEAN:
            self._clerk.submit(self._lifecycle.leave, _nothing, _not_left)
        self._clerk.close(CLOSE_SECONDS)
        for process in list(self._processes):
            process.close(kill=True)
        self._logs.close()
        self._loop.close()

    # --- the lease ----------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        if self._is_renewing:
            return
        self._is_renewing = True
        known = dict(self._running)
        self._clerk.submit(self._lifecycle.renew, partial(self._renewed, known), self._not_renewed)

    def _renewed(self, known: Mapping[int, Running], answer: tuple[bool, frozenset[tuple[int, int]]]) -> None:
        self._is_renewing = False
        is_alive, held = answer
        if not is_alive:
            log.error("this triggerer was declared dead: its triggers run elsewhere by now")
            self._exit_code = EXIT_DECLARED_DEAD
            self._loop.stop()
            return
        for key, running in known.items():
            if running.owner not in held and key in self._running:
                self._drop(running)
        unfired = {(each.instance, each.claim) for each in [*self._fired, *self._firing]}
        unknown = held - {each.owner for each in self._running.values()} - unfired
        if unknown:
            log.warning("%d triggers were claimed, and the answer was lost: they are claimed anew", len(unknown))
            give_back = partial(self._lifecycle.give_back, [instance for instance, _ in unknown])
            self._clerk.submit(give_back, self._given_back, partial(_tell_trouble, "triggers could not be given back"))

    def _given_back(self, _result: object) -> None:
        self._claim()

    def _not_renewed(self, error: Exception) -> None:
        self._is_renewing = False
        _tell_trouble("the lease could not be renewed", error)

    # --- claiming -----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Watch the wake-ups' descriptor, which changes when their connection does."""
        ear = self._wakeups.fileno()
        if ear != self._ear:
            self._loop.forget(self._ear)
            self._ear = ear
            if ear >= 0:
                self._loop.watch(ear, self._woken)

    def _woken(self) -> None:
        if self._wakeups.drain():
            self._claim()
        self._listen()  # at once: a descriptor that was closed may be drawn again by the next thing that opens one

    def _poll(self) -> None:
        """Ask without having been woken; less often where nothing runs and wake-ups arrive."""
        now = self._loop.now()
        if not self._running and self._ear >= 0 and now - self._polled_at < IDLE_POLL_SECONDS:
            return
        self._polled_at = now
        self._claim()
        if self._wakeups.fileno() < 0:
            self._clerk.submit(self._wakeups.drain, _nothing, _not_listening)

    def _claim(self) -> None:
        free = min(self._settings.capacity - len(self._running), CLAIMED_AT_ONCE)
        if self._is_claiming or free <= 0:
            return
        self._is_claiming = True
        self._clerk.submit(partial(self._lifecycle.claim, free), partial(self._claimed, free), self._not_claimed)

    def _claimed(self, asked: int, found: list[Claimed]) -> None:
        self._is_claiming = False
        for each in found:
            self._begin(each)
        if len(found) == asked:
            self._claim()

    def _not_claimed(self, error: Exception) -> None:
        self._is_claiming = False
        _tell_trouble("triggers could not be claimed", error)

    def _begin(self, claimed: Claimed) -> None:
        if claimed.start is None:
            waiting = claimed.waiting
            sentence = f"The trigger could not be started: {claimed.problem}"
            failure = dump(sentence, "a failure")
            self._fired.append(
                Fired(waiting.instance, waiting.token, waiting.claim, TriggerEnd.FAILURE, failure)
            )  # fmt: skip
            return
        self._last_key += 1
        trigger_log = TriggerLog(claimed.start, self._logs, self._settings.log_limit)
        running = Running(self._last_key, claimed, claimed.start, trigger_log)
        self._running[running.key] = running
        self._place(running)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _place(self, running: Running) -> None:
        """Have a trigger run in the process that those of its source share."""
        source = running.claimed.source
        if source in self._restarts:
            return  # a process that ended is started again after a pause, and takes all that have none
        process = self._shared.get(source) or self._start_process(source)
        self._run_in(process, running)

    def _start_process(self, source: Source) -> TriggerProcess:
        process = TriggerProcess(
            self._loop,
            source,
            self._environ,
            block_limit=self._settings.block_limit,
            on_message=self._heard,
            on_end=self._process_ended,
        )
        self._processes.add(process)
        self._shared[source] = process
        return process

    def _run_in(self, process: TriggerProcess, running: Running) -> None:
        running.process = process
        process.keys.add(running.key)
        fields = [getattr(running.start, name) for name in Start.fields]
        waiting = running.claimed.waiting
        process.send(
            RunTrigger(running.key, waiting.classpath, running.claimed.kwargs, fields, running.claimed.watches)
        )

    def _drop(self, running: Running) -> None:
        self._forget(running)
        if running.process is not None:
            running.process.send(DropTrigger(running.key))
            self._release(running.process, running)

    def _forget(self, running: Running) -> None:
        running.log.write()
        self._running.pop(running.key, None)
        self._noisy.discard(running.key)

    def _release(self, process: TriggerProcess, running: Running) -> None:
        """Take a trigger from its process; one that was its blocked process's only one ends it."""
        process.keys.discard(running.key)
        if process.is_alone and not process.keys:
            self._processes.discard(process)
            process.close(kill=True)

    def _process_ended(self, process: TriggerProcess) -> None:
        """A process hung up though it was not told to: its triggers run again in a new one, soon."""
        if process not in self._processes:
            return
        self._processes.discard(process)
        process.close()
        how = process.told_end()
        log.error("a process with %d triggers ended (%s): they are run again", len(process.keys), how)
        if self._shared.get(process.source) is process:
            del self._shared[process.source]
        for key in process.keys:
            running = self._running.get(key)
            if running is not None:
                running.process = None
                self._say(running, "ERROR", f"The process that ran this trigger ended ({how}); it is run again.")
        self._restart(process)

    def _restart(self, process: TriggerProcess) -> None:
        source = process.source
        is_steady = self._loop.now() - process.begun > STEADY_SECONDS
        pause = 0.0 if is_steady else min(LONGEST_PAUSE, max(AGAIN_SECONDS, 2 * self._pauses.get(source, 0.0)))
        self._pauses[source] = pause
        if source not in self._restarts:
            self._restarts[source] = self._loop.after(pause, partial(self._place_all, source))

    def _place_all(self, source: Source) -> None:
        self._restarts.pop(source, None)
        for running in list(self._running.values()):
            if running.process is None and running.claimed.source == source:
                self._place(running)

    # --- what processes say -------------------------------------------------------------------------------------------

    def _heard(self, process: TriggerProcess, item: Message, is_question: bool) -> None:
        if isinstance(item, OnBehalfOf):
            process.asker = item.key
        elif isinstance(item, TriggerFired):
            self._heard_end(process, item)
        elif isinstance(item, TriggerSaid):
            self._heard_line(process, item)
        elif isinstance(item, TriggerBlocks):
            self._heard_block(process, item)
        elif isinstance(item, Mask) and (asker := self._own(process, process.asker)):
            asker.log.masker.add(item.secrets)
        elif isinstance(item, Request) and is_question:
            self._ask(process, item)

    def _own(self, process: TriggerProcess, key: int) -> Running | None:
        """Return the trigger of that number, if that process is the one that runs it."""
        running = self._running.get(key)
        return running if running is not None and running.process is process else None

    def _heard_end(self, process: TriggerProcess, item: TriggerFired) -> None:
        running = self._own(process, item.key)
        if running is None:
            return  # dropped, or moved to another process
        if running.claimed.watches and item.how == TriggerEnd.EVENT:
            self._fired.append(running.fired(item.how, item.found))
            return
        if item.how == TriggerEnd.FAILURE:
            self._say(running, "ERROR", "The trigger failed; the task is told.")
        self._forget(running)
        self._release(process, running)
        self._fired.append(running.fired(item.how, item.found))

    def _heard_line(self, process: TriggerProcess, item: TriggerSaid) -> None:
        running = self._own(process, item.key)
        if running is not None:
            running.log.say(item.text)
            self._noisy.add(item.key)
        elif item.key == 0:
            log.warning("a process of triggers says: %s", item.text)

    def _heard_block(self, process: TriggerProcess, item: TriggerBlocks) -> None:
        """A loop stands still: who blocks it keeps the process, all others move to a new one."""
        running = self._own(process, item.key)
        if running is None or process.is_alone:
            log.warning("a loop of triggers stood still for %.1f s at %s", item.seconds, item.place)
            return
        sentence = (
            f"Trigger {running.claimed.waiting.classpath} blocks the loop that it shares: it stood still for "
            f"{item.seconds:.1f} s at {item.place}. It runs in a process of its own from now on; asyncio.to_thread, or "
            "an asynchronous client, would let the others run."
        )
        log.warning("%s", sentence, extra=about_try(running.start))
        self._say(running, "WARNING", sentence)
        problem = partial(self._lifecycle.tell_problem, running.claimed.waiting, sentence)
        self._clerk.submit(problem, _nothing, partial(_tell_trouble, "a problem could not be told"))
        self._leave_alone(process, running)

    def _leave_alone(self, process: TriggerProcess, running: Running) -> None:
        process.is_alone = True
        if self._shared.get(process.source) is process:
            del self._shared[process.source]
        others = [self._running[key] for key in process.keys if key != running.key and key in self._running]
        process.keys = {running.key}
        for other in others:
            process.send(DropTrigger(other.key))
            self._place(other)

    def _say(self, running: Running, level: str, text: str) -> None:
        running.log.say(line(time.time(), "triggerer", 0, level, text))
        self._noisy.add(running.key)

    def _write_logs(self) -> None:
        noisy, self._noisy = self._noisy, set()
        for key in noisy:
            if key in self._running:
                self._running[key].log.write()

    # --- questions ----------------------------------------------------------------------------------------------------

    def _ask(self, process: TriggerProcess, request: Request) -> None:
        running = self._own(process, process.asker)
        if running is None:
            process.answer(Reply(error="nobody waits for this trigger any more"))
            return
        job = partial(self._lifecycle.answer, running.start, request)
        self._clerk.submit(
            job, partial(self._answered, process, running), partial(self._not_answered, process, request)
        )

    @staticmethod
    def _answered(process: TriggerProcess, running: Running, answer: tuple[Reply, list[str]]) -> None:
        reply, secrets = answer
        running.log.masker.add(secrets)
        process.answer(reply)

    def _not_answered(self, process: TriggerProcess, request: Request, error: Exception) -> None:
        if isinstance(error, Unreachable):
            self._loop.after(AGAIN_SECONDS, partial(self._ask, process, request))
            return
        _tell_trouble("a trigger's question could not be answered", error)
        process.answer(Reply(error=f"{type(error).__name__}: {getattr(error, 'orig', error)}"))

    # --- firing -------------------------------------------------------------------------------------------------------

    def _fire(self) -> None:
        if self._is_firing or not self._fired:
            return
        self._is_firing = True
        batch, self._fired = self._fired[:FIRED_AT_ONCE], self._fired[FIRED_AT_ONCE:]
        self._firing = batch
        self._clerk.submit(partial(self._lifecycle.fire, batch), self._has_fired, partial(self._not_fired, batch))

    def _has_fired(self, _result: object) -> None:
        self._is_firing = False
        self._firing = []
        self._claim()  # there is room again

    def _not_fired(self, batch: list[Fired], error: Exception) -> None:
        """Keep what could not be written: no event is lost while this process lives, and its triggers fire anew after."""
        _tell_trouble(f"{len(batch)} events could not be written", error)
        self._fired = batch + self._fired
        self._loop.after(AGAIN_SECONDS, self._fire_again)

    def _fire_again(self) -> None:
        self._is_firing = False


def _nothing(_result: object) -> None:
    """Take a result that nobody waits for."""


def _tell_trouble(what: str, error: Exception) -> None:
    if isinstance(error, Unreachable):
        log.warning("the database cannot be reached, %s: %s", what, error)
    else:
        log.error("%s", what, exc_info=error)


def _not_listening(error: Exception) -> None:
    log.debug("still no wake-ups, polling: %s", error)


def _not_left(error: Exception) -> None:
    log.warning("the database was not told that this triggerer stopped; its lease will say so: %s", error)
