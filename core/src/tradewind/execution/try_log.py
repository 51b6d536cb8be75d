"""The log of one try as its supervisor writes it: masked, bounded, with a first and a last line of the worker's own."""

from __future__ import annotations

import logging
import time

from tradewind_plugins.contracts.log_store import LogStore

from tradewind.execution.log_keys import callback_log_key, log_key, run_callback_log_key
from tradewind.execution.masking import Masker
from tradewind.execution.messages import Start
from tradewind.execution.task_log import line
from tradewind.execution.telling import about_try

log = logging.getLogger(__name__)

LONGEST_LAST_LINE = 500
KEPT_TAIL = 65_536
MOST_STUCK = 1 << 20
STUCK_SECONDS = 1.0


class TryLog:
    """Writes the log of one try.

    Beyond the limit nothing is masked and written any more, so that a task that floods its log costs its neighbours
    little; the last 64 KiB are kept for the end. A store that fails costs no task: 1 MiB of what it did not take is kept
    and put again, the rest is counted.
    """

    def __init__(self, start: Start, logs: LogStore, limit: int, masker: Masker) -> None:
        self.store_key = _store_key(start)
        self._start = start
        self.last_line = b""
        self._logs = logs
        self._limit = limit
        self._masker = masker
        self._unmasked: list[bytes] = []
        self._masked: list[bytes] = [self._line("INFO", _first_words(start))]
        self._offset: int | None = None
        self._is_full = False
        self._tail = b""
        self._dropped = 0
        self._stuck = b""
        self._lost = 0
        self._put_again_at: float | None = None

    def receive(self, data: bytes) -> None:
        """Take what came from the task. It is masked by `write`: what the task told to mask before may still be unread."""
        self._unmasked.append(data)

    def note(self, level: str, message: str) -> None:
        """Add a line of the worker's own."""
        self._masked.append(self._line(level, self._masker.clean(message)))

    def write(self) -> None:
        """Write what has arrived; call it after the channel was read, so that no secret told before is missed."""
        self._mask()
        if self._masked and (self._put_again_at is None or time.monotonic() >= self._put_again_at):
            self._put()

    def end(self, message: str, level: str = "INFO") -> None:
        """Write the rest and the last line, and seal the log."""
        self._mask()
        if self._is_full:
            self._masked.append(self._end_of_dropped())
        else:
            self._take(self._ended(self._masker.finish()))
        self.note(level, message)
        self._put()
        try:
            self._logs.seal(self.store_key)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's store raises, the try has ended
            self._tell(error)

    def finish_reading(self) -> None:
        """Mask what has arrived, the last line included, so that `last_line` is the last there will be."""
        self._mask()
        if self._is_full:
            self._note_last_line(self._masker.clean_bytes(self._tail))
        else:
            self._take(self._ended(self._masker.finish()))

    # --- from the task to masked bytes --------------------------------------------------------------------------------

    def _mask(self) -> None:
        arrived, self._unmasked = self._unmasked, []
        for data in arrived:
            if self._is_full:
                self._dropped += len(data)
                self._tail = (self._tail + data)[-KEPT_TAIL:]
            else:
                self._take(self._masker.feed(data))

    def _take(self, data: bytes) -> None:
        if data:
            self._note_last_line(data)
            self._masked.append(data)

    @staticmethod
    def _ended(rest: bytes) -> bytes:
        return rest + b"\n" if rest and not rest.endswith(b"\n") else rest

    def _note_last_line(self, data: bytes) -> None:
        tail = data.rstrip(b"\n")[-LONGEST_LAST_LINE:]
        self.last_line = tail[tail.rfind(b"\n") + 1 :] or self.last_line

    def _end_of_dropped(self) -> bytes:
        """Return the last lines of what was dropped, with a notice before them.

        Where the tail begins within a line, that line is left out: a secret may have been cut.
        """
        tail = self._tail
        if self._dropped > len(tail):
            tail = tail.partition(b"\n")[2] or tail[-LONGEST_LAST_LINE:]
        if not tail:
            return b""
        shown = self._masker.clean_bytes(tail)
        notice = f"{self._dropped - len(tail)} bytes were dropped here ([logs] max_size); these are the last lines:"
        return self._line("WARNING", notice) + self._ended(shown)

    # --- from masked bytes to the store -------------------------------------------------------------------------------

    def _put(self) -> None:
        new = b"".join(self._masked)
        self._masked.clear()
        gap = f"{self._lost} bytes of this log are lost: the log store did not take them."
        data = self._stuck + (self._line("WARNING", gap) if self._lost else b"") + new
        try:
            if self._offset is None:
                self._offset = self._logs.size(self.store_key)
            data = self._within_limit(data, self._offset)
            self._logs.put_chunk(self.store_key, self._offset, data)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's store raises, the tasks go on
            self._keep(new)
            self._tell(error)
            return
        self._offset += len(data)
        self._stuck, self._lost, self._put_again_at = b"", 0, None

    def _keep(self, new: bytes) -> None:
        """Keep what the store did not take, up to a bound; what comes after a gap is lost too, so that order holds."""
        room = 0 if self._lost else max(0, MOST_STUCK - len(self._stuck))
        self._stuck += new[:room]
        self._lost += len(new) - len(new[:room])

    def _within_limit(self, data: bytes, offset: int) -> bytes:
        """Return what is kept of bytes that begin at an offset; where the limit is reached, a notice ends them."""
        if self._is_full or offset + len(data) <= self._limit:
            return data
        self._is_full = True
        kept = data[: max(0, self._limit - offset)]
        over = data[len(kept) :] + self._masker.finish()
        self._tail = over[-KEPT_TAIL:]
        self._dropped = len(over)
        notice = f"The log of this try reached {self._limit} bytes ([logs] max_size); what follows is dropped."
        return kept + b"\n" + self._line("WARNING", notice)

    def _tell(self, error: Exception) -> None:
        """Report the first of several failures in a row."""
        if self._put_again_at is None:
            what = f"{type(error).__name__}: {error}"
            log.error("the log store did not take %s: %s", self.store_key, what, extra=about_try(self._start))
        self._put_again_at = time.monotonic() + STUCK_SECONDS

    @staticmethod
    def _line(level: str, message: str) -> bytes:
        return f"{line(time.time(), 'worker', 0, level, message)}\n".encode(errors="backslashreplace")


def _store_key(start: Start) -> str:
    callback = start.callback
    if callback is not None and callback["is_run"]:
        return run_callback_log_key(start.dag_id, start.run_id, callback["kind"], callback["attempt"])
    key = log_key(start.dag_id, start.run_id, start.task_id, start.map_index, start.try_number, token=start.token)
    return key if callback is None else callback_log_key(key, callback["kind"], callback["attempt"])


def _first_words(start: Start) -> str:
    mapped = f" [{start.map_index}]" if start.map_index >= 0 else ""
    if start.callback is not None:
        whose = f"DAG {start.dag_id}" if start.callback["is_run"] else f"task {start.dag_id}.{start.task_id}{mapped}"
        return f"{start.callback['kind']} of {whose}, run {start.run_id}, attempt {start.callback['attempt']}"
    return (
        f"Try {start.try_number} of {start.max_tries + 1} of task {start.dag_id}.{start.task_id}{mapped}, "
        f"run {start.run_id}, version {start.source_hash[:12]}"
    )
