"""The process of one task, from its fork to its end."""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from contextlib import suppress

from tradewind_plugins.host import bind

from tradewind.authoring.dag import DAG
from tradewind.execution import live_reads, task_log
from tradewind.execution.callback_run import run_callbacks
from tradewind.execution.channel import Channel, ChannelClosed, ChannelLost, frame
from tradewind.execution.code import load
from tradewind.execution.instants import instant
from tradewind.execution.messages import Ended, Hello, Start
from tradewind.execution.outcomes import marked
from tradewind.execution.processes import LOST_CHANNEL, limit_memory
from tradewind.execution.socket_host import SocketHost
from tradewind.execution.task_run import described, run_try

LOST_SUPERVISOR = 75

# What the warm parent imported, by dag id; None in a process that imports the code itself.
code: dict[str, DAG] | None = None
_hello = b""


def settle() -> None:
    """Do what can be done before it is known which task this process will run."""
    global _hello  # noqa: PLW0603  (made before the start arrives, to be sent the moment it does)
    gc.enable()
    _hello = frame(Hello(os.getpid()))


def greet(stream: int) -> Channel:
    """Tell the supervisor which process has taken the start, and return the channel."""
    os.setsid()  # the leader of its own group: a kill reaches what the task started
    sock = socket.socket(fileno=stream)
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended since, which the wait for the start finds
        sock.sendall(_hello)
    return Channel(sock)


def live(channel: Channel, log: int) -> int:
    """Run the task that the channel's first message names. Return the exit code of this process."""
    process = os.getpid()
    try:
        start = channel.receive()
        if not isinstance(start, Start):
            raise TypeError(f"a task's process is started by a Start, not by {start!r}")
        task_log.attach(log)
        reseed()
        limit_memory(start.memory_limit)
        ended = _run(start, channel)
        task_log.flush()
        if os.getpid() != process:
            return 0  # a process that user code forked came back from the task: the end is not its to tell
        channel.send(ended)
        channel.sock.detach()  # closed by the end of this process, which is next: Python would put a warning together first
    except ChannelClosed:
        return LOST_SUPERVISOR
    except ChannelLost:
        return LOST_CHANNEL
    return 0


def _run(start: Start, channel: Channel) -> Ended:
    host = SocketHost(channel, start)
    dags = code
    if dags is None:
        begun = time.time()
        live_reads.watch(start.live_folder, start.root)
        try:
            with bind(host):
                dags = load(start.root, start.path)
        except BaseException as error:  # noqa: BLE001  (user code: an import may raise SystemExit as well)
            task_log.log_failure(error)
            cause = marked(f"{start.path} could not be imported: {described(error)}", "import-failed")
            return Ended("failed", instant(begun), instant(time.time()), cause=cause)
    live_reads.tell()
    return run_try(start, dags, host) if start.callback is None else run_callbacks(start, dags, host)


def reseed() -> None:
    """Give random generators that do not do so at a fork by themselves (numpy's global one) a seed of their own."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
