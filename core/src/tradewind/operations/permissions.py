"""What permissions are made of."""

from __future__ import annotations

from tradewind.access.operations import ACTIONS
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging


@operation("permissions.list")
def list_permissions(_context: Context, *, page: Paging) -> Page[str]:
    """Return the actions that permissions are made of, by name."""
    found = sorted(ACTIONS)
    return Page(found[page.offset : page.offset + page.limit], len(found))
