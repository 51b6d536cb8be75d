"""The far end: a Celery worker that starts `tradewind tasks run-try` for each message and waits for it.

No code of users runs in Celery's processes, and none is forked off them: the command is a process and a session of its own.
A message is acknowledged when it has ended. One that comes again, because a worker died or its answer took too long for the
broker, starts the command again, which finds the try claimed and ends at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.contracts.executor import ExecutorSetup, Ticket, run_try_words
from tradewind_plugins.values import Value

from tradewind_celery.app import make_app
from tradewind_celery.book import Book, TryNotRun, consumer_class, request_class
from tradewind_celery.messages import STATE, TASK, as_pair, id_of
from tradewind_celery.options import CeleryOptions

__all__ = ["WorkerOptions", "run_worker"]

exceptions = lazy_client("celery.exceptions", extra="celery")
control = lazy_client("celery.worker.control", extra="celery")
signals = lazy_client("celery.signals", extra="celery")
state = lazy_client("celery.worker.state", extra="celery")
log = lazy_client("celery.utils.log", extra="celery")

COMMAND = (sys.executable, "-m", "tradewind")


class WorkerOptions(Value):
    """How one worker runs.

    Args:
        queues: Whose messages it takes; empty for the default queue.
        concurrency: Tries at once; None for the option `worker_concurrency`, else the setting `executor.slots`.
        autoscale: The most and the fewest processes, in place of `concurrency`.
        hostname: Its name among workers; empty for `celery@` and the host's.
        log_level: What it logs at least, such as `INFO`.
        log_file: Where to; empty for standard error.
        mingles: Whether it asks the other workers at its start which messages were cancelled, which takes a second.
    """

    queues: tuple[str, ...] = ()
    concurrency: int | None = None
    autoscale: tuple[int, int] | None = None
    hostname: str = ""
    log_level: str = "INFO"
    log_file: str = ""
    mingles: bool = True


def run_worker(
    setup: ExecutorSetup,
    wanted: WorkerOptions,
    *,
    ready: Callable[[str], None] = lambda _name: None,
    command: Sequence[str] = COMMAND,
) -> int:
    """Run a worker in this process until SIGTERM, which lets the tries that run end, and return its exit code.

    Args:
        setup: Of the executor.
        wanted: How it runs.
        ready: Called with its name when it takes messages.
        command: What `tradewind` is called by.

    Raises:
        TradewindConfigException: An option of the executor cannot be used.
    """
    options = CeleryOptions.of(setup)
    # It asks each time that the broker was away for a setting that is made: tries go on then
    warnings.filterwarnings("ignore", category=exceptions.CPendingDeprecationWarning)
    app = make_app(options, sends=False)
    book = Book()
    define_task(app, setup, command, book)
    answer_looks(book)
    app.conf.worker_consumer = consumer_class()

    def tell(sender: Any, **_: Any) -> None:
        ready(sender.hostname)

    signals.worker_ready.connect(tell, weak=False)
    concurrency = wanted.concurrency or options.worker_concurrency or setup.slots
    worker = app.Worker(
        hostname=wanted.hostname or None,
        pool_cls="prefork",
        concurrency=concurrency,
        autoscale=wanted.autoscale,
        queues=",".join(wanted.queues) or options.default_queue,
        loglevel=wanted.log_level,
        logfile=wanted.log_file or None,
        without_gossip=True,
        without_mingle=not wanted.mingles,
        quiet=True,
    )
    try:
        worker.start()
    finally:
        signals.worker_ready.disconnect(tell)
    return int(worker.exitcode or 0)


def define_task(app: Any, setup: ExecutorSetup, command: Sequence[str], book: Book) -> None:
    """Give an application the one task that there is.

    Args:
        app: The application.
        setup: Of the executor.
        command: What `tradewind` is called by.
        book: Is told of what begins and ends.
    """
    name, environ = setup.name, dict(setup.environ)

    def run_try(instance: int, token: int, queue: str | None = None) -> int:
        ticket = Ticket(instance=instance, token=token, queue=queue)
        return run_command(command, run_try_words(ticket, name), environ, id_of(ticket))

    task = app.task(name=TASK, throws=(TryNotRun,))(run_try)
    task.Request = request_class(book)


def run_command(command: Sequence[str], words: Sequence[str], environ: Mapping[str, str], task_id: str) -> int:
    """Run the command for one message, in one of Celery's pool processes, and return its exit code, which is 0.

    SIGTERM, by which Celery ends a message whose try is not wanted any more, is passed on to it.

    Raises:
        TryNotRun: It cannot be started, or ended with another code.
    """
    logger = log.get_task_logger(__name__)
    try:
        # In a session of its own: Ctrl+C at the worker's terminal is for the worker, which lets its tries end
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*command, *words], env=dict(environ), stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise TryNotRun(f"{task_id}: {command[0]} cannot be started: {error.strerror}") from error
    with _passing_on(process):
        code = process.wait()
    if code:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        sentence = f"{task_id}: `tradewind {' '.join(words)}` {how}; what it said is in the output of this worker"
        logger.error(sentence)
        raise TryNotRun(sentence, code)
    return code


@contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass SIGTERM on to a process until the block ends."""
    if threading.current_thread() is not threading.main_thread():
        yield  # a pool of threads, where nobody ends one message
        return

    def pass_on(_number: int, _frame: Any) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def answer_looks(book: Book) -> None:
    """Have workers of this process answer what `looking.look` asks."""

    def tradewind_state(panel: Any, **_: Any) -> dict[str, Any]:
        """Tell which tries run here, which wait, and which have ended."""
        running = set(book.begun)
        held = {request.id for request in state.reserved_requests} - running - set(state.revoked)
        worker = panel.consumer.controller
        return {
            "life": book.life,
            "slots": int(worker.max_concurrency or worker.concurrency),
            "queues": sorted(panel.app.amqp.queues.consume_from),
            "running": _pairs(running),
            "waiting": _pairs(held),
            "ended": book.ends(),
        }

    control.inspect_command(name=STATE)(tradewind_state)


def _pairs(task_ids: set[str]) -> list[list[Any]]:
    return sorted(pair for pair in map(as_pair, task_ids) if pair is not None)
