"""The host of a task's process: every question goes to the supervisor over the channel, one at a time."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.task_node import TaskNode

from tradewind.execution import dataframes, results
from tradewind.execution.channel import Channel
from tradewind.execution.messages import Message, Reply, Request, Start
from tradewind.execution.spool import LARGEST_INLINE, Spool
from tradewind.execution.task_host import TaskHost
from tradewind.plugins.named_xcoms import check_name, storage_names
from tradewind.transitions.values import XComValue


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
        self._process = os.getpid()
        self._room = LARGEST_INLINE

    @cached_property
    def _spool(self) -> Spool:
        return Spool(Path(self.start.spool))

    def choose_storage(self, task: TaskNode) -> None:
        """See `TaskHost.choose_storage`: asked before the task begins, as afterwards its work would be lost."""
        super().choose_storage(task)
        if self.xcom_storage is not None:
            known = storage_names(self.settings("plugins", "xcom_storages") or "")
            check_name(self.xcom_storage, known, f"task {self.start.task_id!r}: xcom_storage")

    def written(self, key: str, value: Any) -> XComValue:
        """See `TaskHost.written`: a table, a large value, or one more when many were small, goes through the spool."""
        if self.start.spool and dataframes.library_of(value) is not None:
            return self._table(key, value)
        return self._handed_over(super().written(key, value))

    def _table(self, key: str, value: Any) -> XComValue:
        instance, token = self.start.instance, self.start.token
        reference = self._spool.reserve(instance, token)
        path = self._spool.path(reference, instance, token)
        return replace(results.table(key, value, path, reference, self.start.task_id), wanted=self.xcom_storage)

    def _handed_over(self, value: XComValue) -> XComValue:
        self._room -= value.size
        if not self.start.spool or (value.size <= self.start.inline and self._room >= 0):
            return value
        return self._spool.hand_over(value, self.start.instance, self.start.token)

    def take(self, text: str | None, reference: str | None) -> str | bytes:
        """See `TaskHost.take`."""
        if text is not None or reference is None:
            return super().take(text, reference)
        return self._spool.take(reference, self.start.instance, self.start.token)

    def tell(self, item: Message) -> None:
        """Send a message that has no answer."""
        self._check()
        with self._turn:
            self._channel.send(item)

    def ask(self, request: Request) -> Reply:
        """Send a request and wait for its answer, however long an outage of the database makes it.

        Raises:
            TradewindException: this is a process that the task forked.
        """
        self._check()
        with self._turn:
            self._channel.send(request)
            reply = self._channel.receive()
        if not isinstance(reply, Reply):
            raise TypeError(f"expected a reply, got {reply!r}")
        return reply

    def _check(self) -> None:
        """Refuse in a forked process: it would take answers meant for the task, and the task those meant for it."""
        if os.getpid() != self._process:
            raise TradewindException(
                f"task {self.start.task_id!r}: a process that a task forks cannot ask Tradewind for connections, variables "
                "or XComs: get them before the fork and pass them on"
            )
