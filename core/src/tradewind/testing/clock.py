"""A clock that stands still until the test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindConfigException

DEFAULT = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class FrozenClock:
    """The time that all Python code of this process sees, until the test ends."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        """The frozen moment, in UTC."""
        return datetime.now(timezone.utc)

    def move_to(self, moment: datetime | str) -> None:
        """Set the clock, for instance to `"2026-01-31T08:00"`; without a zone that is UTC."""
        self._traveller.move_to(as_moment(moment), tick=False)

    def forward(self, **duration: float) -> None:
        """Set the clock forward: `forward(days=1, hours=2)`, as of `datetime.timedelta`."""
        self._traveller.shift(timedelta(**duration))


@contextmanager
def frozen(moment: datetime | str = DEFAULT) -> Iterator[FrozenClock]:
    """Freeze the clock inside the block.

    Raises:
        TradewindConfigException: the library that does it is not installed.
    """
    try:
        # Only tests that freeze the clock need it
        import time_machine  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise TradewindConfigException('Freezing the clock needs: pip install "tradewind[testing]"') from error
    with time_machine.travel(as_moment(moment), tick=False) as traveller:
        yield FrozenClock(traveller)


def as_moment(value: datetime | str) -> datetime:
    """Return an aware datetime of one that is given as such or in ISO 8601; without a zone it is UTC."""
    moment = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
