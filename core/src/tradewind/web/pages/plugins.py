"""The plugins that are installed on the server, what each declares, and what was left out."""

from __future__ import annotations

from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.installation import left_out, list_plugins
from tradewind.operations.paging import ALL
from tradewind.web.pages.page import Menu, Page


@operation("plugins.list")
def plugin_list(context: Context) -> dict[str, Any]:
    """Return the plugins in the order in which they win."""
    return {"plugins": list_plugins(context, page=ALL).rows, "left_out": left_out()}


PAGES = (Page("/plugins", plugin_list, "plugins.html", menu=Menu("Admin", "Plugins", 5)),)
