"""``BaseSensor``: a task that waits until something is there.

A subclass says in :meth:`BaseSensor.poke` whether it is. Between two looks a sensor in mode ``poke`` sleeps and keeps
its slot; one in mode ``reschedule`` gives the slot back and is run again.
"""

from __future__ import annotations

import math
import time
import zlib
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NoReturn

from tradewind_plugins.exceptions import (
    TaskDeferralTimeout,
    TradewindException,
    TradewindFailException,
    TradewindRescheduleException,
    TradewindSensorTimeout,
    TradewindSkipException,
)
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import as_timedelta

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODES = ("poke", "reschedule")
_MOST_DOUBLINGS = 60


class PokeReturnValue:
    """What ``poke`` may return in place of a boolean: whether the wait is over, and the sensor's XCom."""

    def __init__(self, is_done: bool, xcom_value: Any = None) -> None:
        self.is_done = is_done
        self.xcom_value = xcom_value

    def __bool__(self) -> bool:
        return self.is_done


class BaseSensor(BaseOperator):
    """A task that waits.

    Args:
        poke_interval: seconds (or a timedelta) between two looks.
        timeout: seconds (or a timedelta) from the try's first look after which the sensor gives up, however often it
            gave its slot back meanwhile.
        soft_fail: whether it is skipped then, instead of failed; the same for an error that allows no retry.
        mode: ``poke`` or ``reschedule``.
        exponential_backoff: whether the pauses grow: the n-th is between a half and the whole of ``poke_interval``
            times 2 to the power of n - 1.
        max_wait: seconds (or a timedelta) that a pause takes at most.
        silent_fail: whether a look that fails is only logged, and the next one is waited for.
        never_fail: whether a look that fails skips the task.

    Raises ``TradewindException`` for values that make no sense, or contradict each other.
    """

    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        poke_interval: timedelta | float = 60,
        timeout: timedelta | float = 7 * 24 * 60 * 60,
        soft_fail: bool = False,
        mode: str = "poke",
        exponential_backoff: bool = False,
        max_wait: timedelta | float | None = None,
        silent_fail: bool = False,
        never_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        where = f"Task {self.task_id!r}"
        if mode not in _MODES:
            raise TradewindException(f"{where}: mode is one of {_MODES}, not {mode!r}.")
        if soft_fail and never_fail:
            raise TradewindException(f"{where}: soft_fail and never_fail contradict each other: give one.")
        self.poke_interval = as_timedelta(poke_interval, f"{where}: poke_interval").total_seconds()
        self.timeout = as_timedelta(timeout, f"{where}: timeout").total_seconds()
        self.max_wait = None if max_wait is None else as_timedelta(max_wait, f"{where}: max_wait").total_seconds()
        if self.poke_interval < 0 or self.timeout < 0 or (self.max_wait or 0) < 0:
            raise TradewindException(f"{where}: poke_interval, timeout and max_wait cannot be negative.")
        self.soft_fail = soft_fail
        self.mode = mode
        self.exponential_backoff = exponential_backoff
        self.silent_fail = silent_fail
        self.never_fail = never_fail

    @property
    def reschedule(self) -> bool:
        """Whether the sensor gives its slot back between two looks."""
        return self.mode == "reschedule"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Look once; return whether the wait is over, or a :class:`PokeReturnValue` to give the task an XCom."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it waits for.")

    def execute(self, context: Any) -> Any:
        """Wait.

        Raises:
            TradewindSensorTimeout: the wait took longer than ``timeout``.
            TradewindSkipException: it did, and ``soft_fail`` is set; or a look failed, and ``never_fail`` is.
            TradewindRescheduleException: not there yet, in mode ``reschedule``.
        """
        started = time.monotonic() - _waited_before(context)
        looks = self._looks_in(time.monotonic() - started)
        while True:
            looks += 1
            outcome = self._look(context)
            if outcome:
                return outcome.xcom_value if isinstance(outcome, PokeReturnValue) else None
            waited = time.monotonic() - started
            if waited >= self.timeout:
                self._give_up(waited)
            pause = min(self._pause(looks, context), self.timeout - waited)  # the last look is at the timeout
            if self.reschedule:
                raise TradewindRescheduleException(datetime.now(timezone.utc) + timedelta(seconds=pause))
            time.sleep(pause)

    def resume_execution(self, next_method: str, next_kwargs: Mapping[str, Any] | None, context: Any) -> Any:
        """Go on after a deferral; what it raises counts as what a look raises, and its timeout as the sensor's.

        Raises:
            TradewindSensorTimeout: it was waited for in vain.
            TradewindSkipException: as of ``execute``.
        """
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TradewindSkipException:
            raise
        except TaskDeferralTimeout:
            self._give_up(self.timeout)
        except TradewindException as error:
            if self.soft_fail:
                raise TradewindSkipException(f"Skipped, as soft_fail is set: {error}") from error
            raise

    def _pause(self, looks: int, context: Mapping[str, Any] | None) -> float:
        """Return the seconds until the next look, after so many."""
        pause = self.poke_interval
        if self.exponential_backoff:
            whole = pause * 2.0 ** min(looks - 1, _MOST_DOUBLINGS)
            # Sensors that began together part: by a number that is the same wherever the task looks again
            ti = (context or {}).get("ti")
            told = f"{getattr(ti, 'key', self.task_id)}#{looks}".encode()
            pause = whole / 2 + whole / 2 * (zlib.crc32(told) / 2**32)
        return pause if self.max_wait is None else min(pause, self.max_wait)

    def _looks_in(self, waited: float) -> int:
        """Return how many looks were made in so many seconds of waiting, where the pauses grow."""
        if not self.exponential_backoff or waited <= 0 or self.poke_interval <= 0:
            return 0
        return round(math.log2(waited / (0.75 * self.poke_interval) + 1))

    def _look(self, context: Any) -> bool | PokeReturnValue:
        try:
            return self.poke(context)
        except (TradewindSkipException, TradewindRescheduleException):
            raise
        except (TradewindSensorTimeout, TradewindFailException) as error:
            self._skip_instead(error, "soft_fail" if self.soft_fail else "never_fail" if self.never_fail else None)
            raise
        except Exception as error:
            if self.silent_fail:
                self.log.exception("This look failed; the next one is waited for, as silent_fail is set.")
                return False
            self._skip_instead(error, "never_fail" if self.never_fail else None)
            raise

    @staticmethod
    def _skip_instead(error: Exception, reason: str | None) -> None:
        if reason is not None:
            raise TradewindSkipException(f"Skipped, as {reason} is set: {error}") from error

    def _give_up(self, waited: float) -> NoReturn:
        sentence = f"Sensor {self.task_id!r} waited {waited:.0f} s; its timeout is {self.timeout:.0f} s."
        if self.soft_fail:
            raise TradewindSkipException(f"{sentence} Skipped, as soft_fail is set.")
        raise TradewindSensorTimeout(sentence)


def _waited_before(context: Mapping[str, Any] | None) -> float:
    """Return the seconds since this try's first look, which in mode ``reschedule`` other processes have made."""
    ti = (context or {}).get("ti")
    since = getattr(ti, "waiting_since", None)
    if since is None:
        return 0.0
    waited: timedelta = datetime.now(timezone.utc) - since
    return max(waited.total_seconds(), 0.0)


BaseSensorOperator = BaseSensor
"""Airflow's name of :class:`BaseSensor`."""
