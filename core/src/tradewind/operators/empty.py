"""An operator that does nothing: a point in the graph to connect others with."""

from __future__ import annotations

from typing import Any

from tradewind_plugins.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing. The scheduler ends it without starting a process."""

    ui_color = "#e8f7e4"

    def execute(self, context: Any) -> None:
        """Do nothing."""
