"""``BaseSensor``: a task that waits until something is there.

A subclass says in :meth:`BaseSensor.poke` whether it is. Between two looks a sensor in mode ``poke`` sleeps and keeps
its slot; one in mode ``reschedule`` gives the slot back and is run again.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import (
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
        timeout: seconds (or a timedelta) from the try's first look after which the sensor gives up.
        soft_fail: whether it is skipped then, instead of failed.
        mode: ``poke`` or ``reschedule``.
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
        for name, value in (
            ("exponential_backoff", exponential_backoff),
            ("max_wait", max_wait),
            ("silent_fail", silent_fail),
            ("never_fail", never_fail),
        ):
            if value:
                raise TradewindException(
                    f"{where}: the argument {name}={value!r} is not built yet in Tradewind; "
                    "leave it out to run the task without it."
                )
        if mode not in _MODES:
            raise TradewindException(f"{where}: mode is one of {_MODES}, not {mode!r}.")
        self.poke_interval = as_timedelta(poke_interval, f"{where}: poke_interval").total_seconds()
        self.timeout = as_timedelta(timeout, f"{where}: timeout").total_seconds()
        if self.poke_interval < 0 or self.timeout < 0:
            raise TradewindException(f"{where}: poke_interval and timeout cannot be negative.")
        self.soft_fail = soft_fail
        self.mode = mode

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
            TradewindSkipException: it did, and ``soft_fail`` is set.
            TradewindRescheduleException: not there yet, in mode ``reschedule``.
        """
        started = time.monotonic() - _waited_before(context)
        while True:
            outcome = self._look(context)
            if outcome:
                return outcome.xcom_value if isinstance(outcome, PokeReturnValue) else None
            waited = time.monotonic() - started
            if waited >= self.timeout:
                self._give_up(waited)
            pause = min(self.poke_interval, self.timeout - waited)  # the last look is at the timeout
            if self.reschedule:
                raise TradewindRescheduleException(datetime.now(timezone.utc) + timedelta(seconds=pause))
            time.sleep(pause)

    def _look(self, context: Any) -> bool | PokeReturnValue:
        try:
            return self.poke(context)
        except (TradewindSkipException, TradewindRescheduleException):
            raise
        except (TradewindSensorTimeout, TradewindFailException) as error:
            if self.soft_fail:
                raise TradewindSkipException(f"Skipped, as soft_fail is set: {error}") from error
            raise

    def _give_up(self, waited: float) -> None:
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
