"""What an instance of a mapped task is called: its `map_index_template`, filled in when its code has ended."""

from __future__ import annotations

import logging
from typing import Any

from tradewind_plugins.operator import BaseOperator

from tradewind.authoring.templating import render_text

LONGEST_LABEL = 250


def label(operator: BaseOperator, context: dict[str, Any]) -> None:
    """Give the context's `ti` its `rendered_map_index`, where the task has a template for it.

    Raises:
        TradewindException: the template cannot be filled in.
    """
    template = operator.map_index_template
    if template is not None:
        found = render_text(operator, "map_index_template", template, context)
        context["ti"].rendered_map_index = str(found)[:LONGEST_LABEL]


def label_of_failed(operator: BaseOperator | None, context: dict[str, Any]) -> str | None:
    """Return what an instance is called whose code has raised; None where the template cannot be filled in then."""
    if operator is None:
        return None
    try:
        label(operator, context)
    except Exception as error:  # noqa: BLE001  (what it would name may not be there, and why the try failed is the news)
        logging.getLogger("tradewind.task").info("The instance keeps its number as its name: %s", error)
    return label_in(context)


def label_in(context: dict[str, Any]) -> str | None:
    """Return what the instance of a context is called, if it is called anything."""
    found: str | None = context["ti"].rendered_map_index
    return found
