"""The configuration of the server: each option, its value and where that comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tradewind.config.load import PREFIX
from tradewind.operations.config import Option, list_config
from tradewind.operations.context import Context, operation
from tradewind.web.pages.admin_schemas import ConfigurationQuery
from tradewind.web.pages.page import Menu, Page


@operation("config.list")
def configuration(context: Context, *, pattern: str | None = None, only_set: bool = False) -> dict[str, Any]:
    """Return the options by sections, secrets starred.

    Arguments:
        pattern: those only that have this text in their name or in what they do.
        only_set: those only that are not as they would be by themselves.
    """

    def is_wanted(section: str, option: Option) -> bool:
        if only_set and option.is_default:
            return False
        return pattern is None or pattern.lower() in f"{section}.{option.key} {option.doc}".lower()

    found = []
    for section in list_config(context).sections:
        options = tuple(each for each in section.options if is_wanted(section.name, each))
        if options:
            found.append(replace(section, options=options))
    return {"sections": found, "pattern": pattern, "only_set": only_set, "prefix": PREFIX}


PAGES = (
    Page(
        "/configuration",
        configuration,
        "configuration.html",
        query=ConfigurationQuery,
        menu=Menu("Admin", "Configuration", 3),
    ),
)
