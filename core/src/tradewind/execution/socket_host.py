"""The host of a task's process: every question goes to the supervisor over the channel, one at a time."""

from __future__ import annotations

import threading

from tradewind.execution.channel import Channel
from tradewind.execution.messages import Message, Reply, Request, Start
from tradewind.execution.task_host import TaskHost


class SocketHost(TaskHost):
    """See `tradewind_plugins.host.Host`.

    Arguments:
        channel: to the supervisor.
        start: the try that runs here.
    """

    def __init__(self, channel: Channel, start: Start) -> None:
        super().__init__(start)
        self._channel = channel
        self._turn = threading.Lock()

    def tell(self, item: Message) -> None:
        """Send a message that has no answer."""
        with self._turn:
            self._channel.send(item)

    def ask(self, request: Request) -> Reply:
        """Send a request and wait for its answer, however long an outage of the database makes it."""
        with self._turn:
            self._channel.send(request)
            reply = self._channel.receive()
        if not isinstance(reply, Reply):
            raise TypeError(f"expected a reply, got {reply!r}")
        return reply
