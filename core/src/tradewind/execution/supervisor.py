"""The supervisor of a worker: starts tries, watches their processes, takes their logs and outcomes, answers them.

One thread with an event loop; the database is talked to by the clerk's thread. The supervisor is a child subreaper, so
it
learns how a task's process ended even when the parent that forked it was killed.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial

from tradewind_plugins.contracts.log_store import LogStore

from tradewind import notify
from tradewind.execution import system
from tradewind.execution.callback_desk import CallbackDesk
from tradewind.execution.clerk import Clerk
from tradewind.execution.desk import Desk
from tradewind.execution.interpreters import Interpreters
from tradewind.execution.isolation import DEADLINE, Contact
from tradewind.execution.journal import Journal
from tradewind.execution.left_behind import LeftBehind
from tradewind.execution.lifecycle import Exchange, Lease, Refusal, TaskLifecycle, Unreachable
from tradewind.execution.loop import Loop
from tradewind.execution.messages import Called, Ended, Hello, Mask, Message, Reply, Request, Start, Timeout
from tradewind.execution.outcomes import failure_of, marked, one_line, outcome_of
from tradewind.execution.parents import Parents
from tradewind.execution.processes import (
    LOST_CHANNEL,
    become_subreaper,
    describe_exit,
    reap_children,
)
from tradewind.execution.running import TASK_ENDED, Running
from tradewind.execution.settings import WorkerSettings
from tradewind.execution.starter import Starter
from tradewind.execution.telling import about_try, tell_end, tell_start
from tradewind.execution.zygote_process import ZygoteProcess, task_environment
from tradewind.metadata.wakeups import IDLE_POLL_SECONDS, Wakeups
from tradewind.metrics.catalogue import WORKER_HEARTBEAT, WORKER_RUNNING, WORKER_SLOTS
from tradewind.metrics.recording import count, gauge
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome, Ticket

log = logging.getLogger(__name__)

DISPATCHES = 3
ANSWER_PAUSE = 0.5
UPKEEP_SECONDS = 30.0
CLOSE_SECONDS = 5.0
ISOLATED_SECONDS = 0.2
EXIT_CLEAN = 0
EXIT_DECLARED_DEAD = 4
EXIT_ALONE = 6


class Supervisor:
    """Runs the tries of one worker until told to stop.

    Arguments:
        settings: of the worker.
        lifecycle: how it talks to the rest of the system; called from the clerk's thread only.
        logs: keeps the tries' logs; it is closed at the end.
        wakeups: tells when there may be something to claim; None polls only.
    """

    def __init__(
        self, settings: WorkerSettings, lifecycle: TaskLifecycle, logs: LogStore, wakeups: Wakeups | None = None
    ) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._wakeups = wakeups
        self._loop = Loop()
        self._clerk = Clerk(self._loop)
        self._journal = Journal(settings.journal)
        self._logs = logs
        self._running: dict[tuple[int, int], Running] = {}
        self._by_pid: dict[int, Running] = {}
        self._contact = Contact(settings.lease, settings.isolation_grace, settings.margin, self._loop.now())
        self._is_renewing = False
        self._held: list[Start] = []
        self._polled_at = self._loop.now()
        self._is_draining = False
        self._is_single = False
        self._watcher = os.getppid()
        self._exit_code = EXIT_CLEAN
        self._ear = -1
        self._desk = Desk(
            self._loop,
            self._clerk,
            lifecycle,
            self._journal,
            free=self._free,
            on_exchange=self._take,
            on_contact=self._reached,
        )
        self._callbacks = CallbackDesk(
            self._loop, self._clerk, lifecycle, free=self._free_for_callbacks, begin=self._begin_callbacks
        )
        become_subreaper()
        environ = task_environment(os.environ, settings.worker)
        self._starter = self._open_starter(environ)
        self._left_behind = LeftBehind(self._loop, settings.kill_delay, self._by_pid.__contains__)

    def _open_starter(self, environ: Mapping[str, str]) -> Starter:
        if not system.IS_LINUX:
            return Interpreters(environ)
        zygote = ZygoteProcess(self._loop, environ, self._exited)
        limits = self._settings.parents
        return Parents(self._loop, zygote, limits, on_exit=self._exited, on_unimportable=self._cannot_import)

    def run(self, only: Start | None = None) -> int:
        """Run until drained or declared dead; return the exit code of the worker's process.

        Arguments:
            only: run this one try, which was claimed for this process, and stop.
        """
        begun = self._loop.now()
        # Before anybody can know of this worker and stop it: a signal that comes early is heard when the loop runs
        self._loop.on_signal(signal.SIGCHLD, self._reap)
        self._loop.on_signal(signal.SIGTERM, self.drain)
        self._loop.on_signal(signal.SIGINT, self.drain)
        self._lifecycle.register()
        self._note_renewal(begun)
        self._check_isolation()
        notify.beat()
        self._loop.every(self._settings.renew_every, self._renew)
        self._loop.every(self._settings.poll_every, self._poll)
        self._loop.every(UPKEEP_SECONDS, self._starter.retire_stale)
        self._loop.every(notify.BEAT_SECONDS, notify.beat)
        if only is None:
            self._desk.claim()
        else:
            self._is_draining = self._is_single = True
            self._take(Exchange(starts=(only,)))
        is_clean = False
        try:
            self._loop.run(self._between)
            is_clean = self._exit_code == EXIT_CLEAN
        finally:
            self._close(is_clean=is_clean)
        return self._exit_code

    def _between(self) -> None:
        self._clerk.collect()
        self._listen()
        self._desk.turn()
        self._callbacks.turn()
        is_idle = self._desk.is_idle and self._callbacks.is_idle
        if self._is_draining and is_idle and not self._running and not self._held:
            self._loop.stop()

    def _close(self, *, is_clean: bool) -> None:
        """Give everything back. Only a clean stop says so: after any other the watcher looks at what is left."""
        if is_clean:
            self._clerk.submit(self._leave, _nothing, _leaving_failed)
        else:
            self._desk.keep()
        self._clerk.close(CLOSE_SECONDS)
        self._starter.close()
        self._logs.close()
        self._journal.close()
        self._loop.close()

    def _leave(self) -> None:
        self._lifecycle.leave("stopped")
        self._journal.remove()  # with nothing at work it tells nothing that the database does not know

    # --- stopping -----------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Claim nothing more and stop when the running tasks have ended; asked again, end them."""
        if self._is_draining:
            log.warning("asked to stop once more: ending %d running tasks", len(self._running))
            for running in self._live():
                self._end(running, "its worker was stopped")
        self._is_draining = True

    def _declared_dead(self) -> None:
        """The database says that this worker has ended: its tries may run elsewhere, so they must not go on here."""
        log.error("this worker was declared dead: killing its %d tasks and stopping", len(self._running))
        self._exit_code = EXIT_DECLARED_DEAD
        for running in self._live():
            running.signal(signal.SIGKILL)
        self._loop.stop()

    # --- the lease ----------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        for running in self._live():
            running.log.write()  # a task that says nothing has a log too, soon after its start
        self._ask_renewal()

    def _ask_renewal(self) -> None:
        if self._is_renewing:
            return  # the database does not answer: one that waits is enough
        self._is_renewing = True
        known = frozenset(key for key, each in self._running.items() if not each.is_callback)
        held = tuple(self._held)
        begun = self._loop.now()
        job = partial(self._lifecycle.renew, with_tries=bool(known or held))
        self._clerk.submit(job, partial(self._renewed, known, held, begun), self._not_renewed)

    def _renewed(self, known: frozenset[tuple[int, int]], held: tuple[Start, ...], begun: float, lease: Lease) -> None:
        self._is_renewing = False
        if not lease.is_alive:
            self._declared_dead()
            return
        self._note_renewal(begun)
        count(WORKER_HEARTBEAT)
        gauge(WORKER_SLOTS, self._settings.slots)
        gauge(WORKER_RUNNING, sum(not each.is_callback for each in self._live()))
        if lease.has_callbacks:
            self._callbacks.look()
        for key in known - lease.tries:
            running = self._running.get(key)
            if running is not None and running.ended is None and not running.is_reported:
                self._end(running, "a newer dispatch of this task exists, or its state was set by hand")
        self._held = [each for each in self._held if each not in held]
        self._begin([each for each in held if (each.instance, each.token) in lease.tries])

    def _not_renewed(self, error: Exception) -> None:
        self._is_renewing = False
        if not isinstance(error, Unreachable):
            log.error("the lease could not be renewed", exc_info=error)

    def _note_renewal(self, begun: float) -> None:
        self._contact.renewed(begun)
        notify.tell(f"{DEADLINE}={self._contact.deadline:.3f}")

    def _reached(self, _begun: float) -> None:
        """After an outage the lease comes first: until it is renewed nothing new is claimed."""
        if not self._contact.may_claim(self._loop.now()):
            self._ask_renewal()

    def _check_isolation(self) -> None:
        """Kill what runs before the others may take it for dead: at the end of the grace, by this machine's own clock."""
        now = self._loop.now()
        if now >= self._contact.deadline:
            silence = now - self._contact.begun
            for running in self._live():
                running.kill_cause = (
                    f"its worker could not reach the database for {silence:.0f} s ([leases] isolation_grace)"
                )
                running.signal(signal.SIGKILL)
            if not self._live() and os.getppid() != self._watcher:
                # Nobody waits for it, and nobody would ever stop it; what it could not tell stands in its journal
                log.error("no database for %.0f s ([leases] isolation_grace), and no watcher: stopping", silence)
                self._exit_code = EXIT_ALONE
                self._loop.stop()
        self._loop.after(max(self._contact.deadline - now, ISOLATED_SECONDS), self._check_isolation)

    def _listen(self) -> None:
        """Watch the wake-ups' descriptor, which changes when their connection does."""
        ear = -1 if self._wakeups is None else self._wakeups.fileno()
        if ear != self._ear:
            self._loop.forget(self._ear)
            self._ear = ear
            if ear >= 0:
                self._loop.watch(ear, self._woken)

    def _woken(self) -> None:
        if self._wakeups is None:
            return
        if self._wakeups.drain():
            self._desk.claim()
        self._listen()  # at once: a descriptor that was closed may be drawn again by the next thing that opens one

    def _poll(self) -> None:
        """Ask without having been woken; and where listening was cut off, take it up again, off the loop: it may hang.

        Where nothing runs and wake-ups arrive, asking less often will do.
        """
        is_quiet = not self._running and self._ear >= 0
        if is_quiet and self._loop.now() - self._polled_at < IDLE_POLL_SECONDS:
            return
        self._polled_at = self._loop.now()
        self._desk.claim()
        if self._wakeups is not None and self._wakeups.fileno() < 0:
            self._clerk.submit(self._wakeups.drain, _nothing, _listening_failed)

    # --- taking and starting ------------------------------------------------------------------------------------------

    def _live(self) -> list[Running]:
        return [each for each in self._running.values() if each.ended is None]

    def _free(self) -> int:
        if self._is_draining or not self._contact.may_claim(self._loop.now()):
            return 0
        taken = sum(1 for each in self._running.values() if not each.is_reported and not each.is_callback)
        return self._settings.slots - taken

    def _free_for_callbacks(self) -> int:
        # Who was started for one try calls what that brought about: there may be no other worker
        if (self._is_draining and not self._is_single) or not self._contact.may_claim(self._loop.now()):
            return 0
        return self._settings.callbacks - sum(1 for each in self._running.values() if each.is_callback)

    def _take(self, result: Exchange) -> None:
        """Start what an exchange brought."""
        if result.has_callbacks:
            self._callbacks.look()
        if self._contact.may_claim(self._loop.now()):
            self._begin(result.starts)
        elif result.starts:
            # Claimed before an outage that outlasted the lease: the renewal tells whether they are still this worker's
            self._held.extend(result.starts)
            self._ask_renewal()
        for refusal in result.refusals:
            self._refuse(refusal)

    def _begin(self, starts: Sequence[Start]) -> None:
        new = self._noted([start for start in starts if (start.instance, start.token) not in self._running])
        for start in new:
            tell_start(start)
            running = Running(start, self._logs, self._settings.log_limit)
            self._running[running.key] = running
            self._dispatch(running)
        for start in new:  # now, while their processes begin, and not between the end of one and the start of the next
            self._running[start.instance, start.token].log.write()

    def _begin_callbacks(self, starts: Sequence[Start]) -> None:
        """Start callbacks as tries are started, under their own limit of time."""
        limit = self._settings.patience.limit.total_seconds()
        for start in starts:
            running = Running(start, self._logs, self._settings.log_limit)
            self._running[running.key] = running
            self._dispatch(running)
            cause = f"it ran longer than {limit:g} s ([callbacks] timeout)"
            running.timers.append(self._loop.after(limit, partial(self._end, running, cause, "callback-timeout")))

    def _noted(self, starts: list[Start]) -> list[Start]:
        """Return the starts once the journal knows them; where it cannot be written they end as failed."""
        try:
            self._journal.start((start.instance, start.token) for start in starts)
        except OSError as error:
            cause = f"it was not started, as its worker's journal cannot be written: {error}"
            log.error("%d tries: %s", len(starts), cause)  # noqa: TRY400  (the sentence says it)
            for start in starts:
                self._report(start, failure_of(start, cause, error_id="task-not-started"))
            return []
        return starts

    def _dispatch(self, running: Running) -> None:
        stream = running.open()
        self._loop.watch(stream.sock.fileno(), partial(self._read_stream, running))
        if running.log_pipe is not None:
            self._loop.watch(running.log_pipe, partial(self._read_log, running))
        if stream.flush():
            self._loop.when_writable(stream.sock.fileno(), partial(self._flush, running))
        self._starter.start(running)

    def _refuse(self, refusal: Refusal) -> None:
        ticket = refusal.ticket
        log.warning("a try was not started: %s", refusal.cause, extra=about_try(ticket))
        now, cause = datetime.now(timezone.utc), marked(refusal.cause, "task-not-started")
        self._report(ticket, Outcome(ticket.instance, ticket.token, TaskState.FAILED, now, cause=cause))

    def _cannot_import(self, running: Running, problem: str) -> None:
        running.log.note("ERROR", problem)
        self._settle(running, failure_of(running.start, problem, error_id="import-failed"))
        self._remove(running)

    # --- what a task's process sends ----------------------------------------------------------------------------------

    def _read_stream(self, running: Running) -> None:
        if running.stream is None or not running.stream.is_open:
            return
        try:
            for item in running.stream.read():
                self._hear(running, item)
        except (TypeError, ValueError, OverflowError) as error:
            running.stream.problem = ValueError(str(error))
            running.stream.is_open = False
        if running.stream is None or running.stream.is_open:
            return
        if running.stream.problem is None:
            self._hung_up(running)
            return
        problem = running.masker.clean(str(running.stream.problem))
        about = about_try(running.start)
        log.warning("killing a task whose process sent something else than messages: %s", problem, extra=about)
        self._loop.forget(running.stream.sock.fileno())
        self._end(running, "its process sent something that is no message of Tradewind")

    def _hear(self, running: Running, item: Message) -> None:
        match item:
            case Hello(pid) if running.pid is None:
                running.pid = pid
                self._by_pid[pid] = running
                self._journal.session(pid)
            case Called(place) if running.is_callback:
                running.called.add(place)
            case Ended():
                self._heard_end(running, item)
            case Mask(secrets):
                running.masker.add(secrets)
            case Timeout(seconds):
                cause = f"it ran longer than its execution_timeout of {seconds:g} s"
                running.timers.append(
                    self._loop.after(
                        seconds + self._settings.kill_delay / 2, partial(self._end, running, cause, "task-timeout")
                    )
                )
            case Request() if not running.is_asking:
                self._ask(running, item)
            case _:
                raise ValueError(f"{item.wire} is not what a task's process sends now")

    def _heard_end(self, running: Running, ended: Ended) -> None:
        """The user's code has ended: its log is complete in the pipe, so it is read before the outcome goes out."""
        if running.ended is not None:
            return
        outcome = outcome_of(running.start, ended)
        running.ended = ended
        running.read_log(to_the_end=True)
        if running.kill_cause is not None and outcome.state == TaskState.FAILED:
            outcome = replace(outcome, cause=marked(running.kill_cause, running.kill_id))
        self._settle(running, outcome)
        running.timers.append(self._loop.after(self._settings.kill_delay, partial(running.signal, signal.SIGKILL)))

    def _ask(self, running: Running, request: Request) -> None:
        running.is_asking = True
        job = partial(self._lifecycle.answer, running.start, request)
        self._clerk.submit(job, partial(self._reply, running), partial(self._not_answered, running, request))

    def _reply(self, running: Running, answer: tuple[Reply, list[str]]) -> None:
        reply, secrets = answer
        running.is_asking = False
        running.masker.add(secrets)
        if running.stream is not None and running.stream.is_open and running.stream.write(reply):
            self._loop.when_writable(running.stream.sock.fileno(), partial(self._flush, running))

    def _not_answered(self, running: Running, request: Request, error: Exception) -> None:
        if isinstance(error, Unreachable):
            self._loop.after(ANSWER_PAUSE, partial(self._ask, running, request))
            return
        said = one_line(
            running.masker.clean(str(getattr(error, "orig", error)))
        )  # not the statement: it has the values
        what = f"{type(error).__name__}: {said}"
        about = about_try(running.start)
        log.error("a request of a task (%s) could not be answered: %s", request.wire, what, extra=about)
        self._reply(running, (Reply(error=what), []))

    def _flush(self, running: Running) -> None:
        if running.stream is not None and not running.stream.flush():
            self._loop.when_writable(running.stream.sock.fileno(), None)

    def _read_log(self, running: Running) -> None:
        if running.log_pipe is not None and not running.read_log():
            self._loop.forget(running.log_pipe)
        # What it told to mask before it wrote is in the channel by now
        self._read_stream(running)
        if not running.is_reported:
            running.log.write()

    # --- how processes end --------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for pid, status in reap_children():
            if not self._starter.reaped(pid, status):
                self._exited(pid, status)

    def _exited(self, pid: int, status: int) -> None:
        """A process ended; without an outcome before, this is the outcome."""
        running = self._by_pid.pop(pid, None) or self._newly_greeted(pid)
        if running is None:
            return  # a parent, a spare, or a process that a task left behind
        running.read_log(to_the_end=True)
        self._read_stream(running)  # its outcome, or what it told to mask before it wrote what was just read
        if running.ended is None:
            running.log.finish_reading()  # before the cause is told: its last line belongs there
            self._settle(running, self._death(running, status))
        self._remove(running)
        self._left_behind.look_after(running, pid)

    def _newly_greeted(self, pid: int) -> Running | None:
        """Return the try whose process this was, if its greeting still lies in its channel: it was fast to end."""
        for running in [each for each in self._running.values() if each.pid is None]:
            self._read_stream(running)
        return self._by_pid.pop(pid, None)

    def _hung_up(self, running: Running) -> None:
        """The task's end of the channel is closed.

        If no process had taken it, no user code has begun: start it again.
        """
        if running.stream is not None:
            self._loop.forget(running.stream.sock.fileno())
        running.is_cut_off = running.pid is not None
        if running.pid is not None or running.ended is not None or running.is_reported:
            return  # its exit is reported next, with the cause
        self._forget_descriptors(running)
        running.close()
        if running.dispatches < DISPATCHES:
            self._dispatch(running)
            return
        cause = f"no process could be started for it, {DISPATCHES} times"
        self._settle(running, failure_of(running.start, cause, error_id="task-not-started"))
        self._remove(running)

    def _end(self, running: Running, cause: str, error_id: str = TASK_ENDED) -> None:
        """End a running task: SIGTERM now, SIGKILL after `kill_delay`."""
        if running.ended is not None or running.kill_cause is not None:
            return
        running.kill_cause, running.kill_id = cause, error_id
        running.log.note("WARNING", f"The worker ends this task: {cause}")
        if running.pid is None:
            self._starter.forget(running)
            self._settle(running, failure_of(running.start, cause, error_id=error_id))
            self._remove(running)
            return
        running.signal(signal.SIGTERM)
        running.timers.append(self._loop.after(self._settings.kill_delay, partial(running.signal, signal.SIGKILL)))

    def _remove(self, running: Running) -> None:
        self._running.pop(running.key, None)
        self._forget_descriptors(running)
        running.close()

    def _forget_descriptors(self, running: Running) -> None:
        if running.stream is not None:
            self._loop.forget(running.stream.sock.fileno())
        if running.log_pipe is not None:
            self._loop.forget(running.log_pipe)

    # --- outcomes -----------------------------------------------------------------------------------------------------

    def _settle(self, running: Running, outcome: Outcome) -> None:
        """End the log and take the outcome to the desk, in this order: who sees the end finds the whole log."""
        if running.is_reported:
            return
        running.is_reported = True
        if outcome.cause is not None:
            outcome = replace(outcome, cause=one_line(running.masker.clean(outcome.cause)))
        if outcome.raised is not None:
            kind, text, trace, arguments = map(running.masker.clean, outcome.raised)
            outcome = replace(outcome, raised=(kind, text, trace, arguments))
        level = "INFO" if outcome.cause is None or outcome.state == TaskState.SKIPPED else "ERROR"
        running.log.end(f"Ended as {outcome.state}" + (f": {outcome.cause}" if outcome.cause else ""), level)
        if running.is_callback:
            self._callbacks.ended(running, None if outcome.state == TaskState.SUCCESS else outcome.cause)
        else:
            self._report(running.start, outcome)

    def _report(self, found: Start | Ticket, outcome: Outcome) -> None:
        tell_end(found, outcome)
        self._desk.put(outcome, about_try(found))

    @staticmethod
    def _death(running: Running, status: int) -> Outcome:
        """Return the outcome of a process that ended without one."""
        code, cause = describe_exit(status, sent=running.sent)
        error_id = "task-killed"
        if code == LOST_CHANNEL and running.is_cut_off:
            cause = (
                "its code closed descriptors that it did not open (os.closerange?), the connection with its worker among "
                "them, so how it ended cannot be known"
            )
        if running.kill_cause is not None:
            cause, error_id = f"{running.kill_cause}; {cause}", running.kill_id
        if running.log.last_line:
            cause += f". Its last line was: {running.log.last_line.decode(errors='replace')}"
        return failure_of(running.start, cause, error_id=error_id, exit_code=code)


def _nothing(_result: object) -> None:
    """Take a result that nobody waits for."""


def _listening_failed(error: Exception) -> None:
    log.debug("still no wake-ups, polling: %s", error)


def _leaving_failed(error: Exception) -> None:
    log.warning("the database was not told that this worker stopped; its lease will say so: %s", error)
