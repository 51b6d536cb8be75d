"""What sensors say to those who would have them wait in a triggerer."""

from __future__ import annotations

from tradewind_plugins.exceptions import TradewindException


def refuse_to_defer(task_id: str, **asked: bool) -> None:
    """Refuse arguments that ask for waiting outside of a worker, which is not built; false ones ask for nothing.

    Args:
        task_id: the sensor.
        asked: the arguments by name.

    Raises:
        TradewindException: one of them is true; the message names it.
    """
    for name, value in asked.items():
        if value:
            raise TradewindException(
                f"Task {task_id!r}: the argument {name}={value!r} is not built yet in Tradewind, as there is no triggerer; "
                'leave it out, and give mode="reschedule" to hold no slot between two looks.'
            )
