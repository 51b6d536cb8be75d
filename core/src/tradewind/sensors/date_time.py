"""A sensor that waits for a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag_param import DagParam
from tradewind.authoring.moments import as_moment_of
from tradewind.sensors.deferring import refuse_to_defer


class DateTimeSensor(BaseSensor):
    """Waits until a moment has passed.

    Args:
        target_time: the moment, as a datetime or as text in ISO 8601; templated. Without a time zone, it is in UTC.
        deferrable: whether to wait outside of a worker; not built, so true is refused.

    Raises ``TradewindException`` when ``target_time`` is neither, or for an argument that is not built.
    """

    template_fields: Sequence[str] = ("target_time",)

    def __init__(
        self, *, target_time: str | datetime | XComArg | DagParam, deferrable: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        refuse_to_defer(self.task_id, deferrable=deferrable)
        if not isinstance(target_time, (str, datetime, XComArg, DagParam)):
            raise TradewindException(
                f"Task {self.task_id!r}: target_time is a datetime or its text in ISO 8601, not {target_time!r}."
            )
        self.target_time = target_time.isoformat() if isinstance(target_time, datetime) else target_time

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock.

        Raises:
            TradewindException: what ``target_time`` is rendered to is no moment.
        """
        target = self._moment()
        self.log.info("Waiting until %s", target.isoformat())
        return datetime.now(timezone.utc) > target

    def _moment(self) -> datetime:
        return as_moment_of(self.target_time, f"Task {self.task_id!r}: target_time")
