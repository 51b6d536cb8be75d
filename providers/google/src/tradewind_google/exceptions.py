"""The errors of this provider."""

from __future__ import annotations

from tradewind_plugins.exceptions import TradewindNotFoundException

__all__ = ["ObjectNotFoundException"]


class ObjectNotFoundException(TradewindNotFoundException):
    """There is no such object; told apart from a connection that there is not."""
