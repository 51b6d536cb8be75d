"""The lines of triggers, added to the logs of the tries that wait for them."""

from __future__ import annotations

import logging

from tradewind_plugins.contracts.log_store import LogStore

from tradewind.execution.log_keys import log_key
from tradewind.execution.masking import Masker
from tradewind.execution.messages import Start
from tradewind.execution.telling import about_try

log = logging.getLogger(__name__)
MOST_KEPT = 1 << 16


class TriggerLog:
    """The log of one trigger: behind what the deferring dispatch has said.

    Arguments:
        start: the dispatch.
        logs: keeps it.
        limit: bytes after which a log takes no more.
    """

    def __init__(self, start: Start, logs: LogStore, limit: int) -> None:
        self._key = log_key(
            start.dag_id, start.run_id, start.task_id, start.map_index, start.try_number, token=start.token
        )
        self._start = start
        self._logs = logs
        self._limit = limit
        self._lines: list[str] = []
        self._size = 0
        self.masker = Masker()

    def say(self, text: str) -> None:
        """Take lines; beyond a bound they are dropped until the next `write`."""
        if self._size < MOST_KEPT:
            self._lines.append(text)
            self._size += len(text)

    def write(self) -> None:
        """Put what was said into the store; a store that takes nothing costs the lines, not the trigger."""
        if not self._lines:
            return
        data = self.masker.clean("\n".join(self._lines) + "\n").encode(errors="backslashreplace")
        self._lines, self._size = [], 0
        try:
            offset = self._logs.size(self._key)
            if offset + len(data) <= self._limit:
                self._logs.put_chunk(self._key, offset, data)
                self._logs.seal(self._key)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's store raises, triggers go on
            log.error("the log store did not take %s: %s", self._key, error, extra=about_try(self._start))  # noqa: TRY400
