"""Asking again: after a connection that failed, and after statuses that say that a later request may succeed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException

from tradewind_http.exceptions import HttpErrorException

__all__ = ["AGAIN", "RetryPlan", "call_again", "seconds_after"]

tenacity = lazy_client("tenacity", distribution="tenacity")
AGAIN = (408, 425, 429, 502, 503, 504)
"""Statuses after which the same request may succeed."""
_KEYS = ("attempts", "max_wait", "statuses", "wait")
_TENACITYS = ("after", "before", "before_sleep", "reraise", "retry", "retry_error_callback", "sleep", "stop", "wait")


class RetryPlan:
    """How often a request is made, and how long the pauses are.

    Arguments:
        plan: any of `attempts` (requests at most, 5), `wait` (seconds before the second one, 1; twice as long before each
            further one, spread by chance), `max_wait` (seconds at most, 60) and `statuses`. What a server says in
            Retry-After counts in place of `wait`.
        log: where each pause is told.

    Raises:
        TradewindException: the plan has another key.
    """

    def __init__(self, plan: Mapping[str, Any], log: logging.Logger) -> None:
        unknown = sorted(set(plan) - set(_KEYS))
        if unknown:
            raise TradewindException(
                f"the retry arguments have {unknown[0]!r}; they are {', '.join(_KEYS)}, "
                f"or tenacity's {', '.join(_TENACITYS)}"
            )
        self.attempts = int(plan.get("attempts", 5))
        self._wait = float(plan.get("wait", 1.0))
        self._most = float(plan.get("max_wait", 60.0))
        self._statuses = plan.get("statuses", AGAIN)
        self._log = log

    def pause_after(self, attempt: int, error: Exception) -> float | None:
        """Return the seconds until the next request; None where there is none after this error."""
        if attempt >= self.attempts or not _may_pass(error, self._statuses):
            return None
        told = seconds_after(getattr(error, "retry_after", None))
        if told is not None and told > self._most:
            self._log.warning("The server asks for %.0f s, which is more than max_wait (%.0f s)", told, self._most)
            return None
        pause = told if told is not None else _grown(self._wait, attempt, self._most)
        self._log.warning(
            "Attempt %d of %d failed, the next one is in %.1f s: %s", attempt, self.attempts, pause, error
        )
        return pause


def call_again(function: Callable[[], Any], plan: Mapping[str, Any], log: logging.Logger) -> Any:
    """Call a function until it succeeds, and return its result.

    Arguments:
        function: what is called.
        plan: as of `RetryPlan`; with the keys of tenacity (`stop`, `retry`, …) that library decides, if it is installed.
        log: where each pause is told.

    Raises:
        TradewindException: the plan makes no sense; or what the last call raised.
    """
    if "stop" in plan or "retry" in plan:
        return tenacity.Retrying(**{"reraise": True, **plan})(function)
    decided = RetryPlan(plan, log)
    for attempt in range(1, decided.attempts):
        try:
            return function()
        except (ConnectionFailed, HttpErrorException) as error:
            pause = decided.pause_after(attempt, error)
            if pause is None:
                raise
        time.sleep(pause)
    return function()


def _may_pass(error: BaseException, statuses: Any) -> bool:
    return error.status_code in statuses if isinstance(error, HttpErrorException) else True


def _grown(first: float, attempt: int, most: float) -> float:
    # Tasks that failed together do not come back together
    whole = min(first * 2.0 ** (attempt - 1), most)
    return whole / 2 + int.from_bytes(os.urandom(2), "big") / 2**16 * whole / 2


def seconds_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as a number or as a date; None where it is neither."""
    if not header:
        return None
    text = header.strip()
    if text.isdigit():
        return float(text)
    try:
        moment = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return max(moment.timestamp() - time.time(), 0.0)
