"""An operator that does nothing."""
from tradewind_plugins.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing."""

    ui_color = "#e8f7e4"

    def execute(self, context):
        """Do nothing."""
