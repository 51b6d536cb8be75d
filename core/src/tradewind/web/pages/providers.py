"""The providers that are installed on the server."""

from __future__ import annotations

from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.installation import list_providers
from tradewind.web.pages.page import Menu, Page


@operation("providers.list")
def provider_list(context: Context) -> dict[str, Any]:
    """Return the distributions that bring plugins, and what is wrong with one that cannot be used."""
    return {"providers": list_providers(context).rows}


PAGES = (Page("/providers", provider_list, "providers.html", menu=Menu("Admin", "Providers", 4)),)
