"""Variables: the list, the form of one, where one is found, and many in and out as JSON."""

from __future__ import annotations

from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.paging import ALL, Paging
from tradewind.operations.starring import STARS
from tradewind.operations.variables import explain_variable, get_variable, list_variables
from tradewind.web.pages.admin_schemas import SearchQuery, VariableQuery
from tradewind.web.pages.page import Feed, Menu, Page

LONGEST = 200
"""Characters of a value that the list shows."""


@operation("variables.list")
def variable_list(context: Context, *, page: Paging, pattern: str | None = None) -> dict[str, Any]:
    """Return the variables of the database, their secrets starred."""
    found = list_variables(context, page=page, pattern=pattern)
    return {
        "variables": found.rows,
        "total": found.total,
        "page": page,
        "pattern": pattern,
        "longest": LONGEST,
        "stars": STARS,
    }


@operation("variables.create")
def variable_new(_context: Context, *, key: str | None = None) -> dict[str, Any]:
    """Return the form of a variable that is to be made."""
    return {"stored": None, "key": key, "is_secret": False}


@operation("variables.change")
def variable_form(context: Context, *, key: str) -> dict[str, Any]:
    """Return the form of a variable; a value that is a secret as a whole is not in there."""
    found = get_variable(context, key=key)
    return {"stored": found, "is_secret": found.value == STARS}


@operation("variables.explain")
def variable_places(context: Context, *, key: str | None = None) -> dict[str, Any]:
    """Return what each place says of a variable, which need not be in the database."""
    places = explain_variable(context, key=key)["places"] if key else None
    return {"name": key, "places": places, "what": "variable", "field": "key"}


@operation("variables.create")
def variable_import(_context: Context) -> dict[str, Any]:
    """Return the form that takes a file of variables."""
    return {}


@operation("variables.list")
def variable_export(context: Context) -> dict[str, Any]:
    """Return all variables as the command line writes them to a file; secrets are stars, which an import leaves as they are."""
    found = list_variables(context, page=ALL)
    return {
        each.key: each.value if each.description is None else {"value": each.value, "description": each.description}
        for each in found.rows
    }


PAGES = (
    Page("/variables", variable_list, "variables.html", query=SearchQuery, menu=Menu("Admin", "Variables", 1)),
    Page("/variables/new", variable_new, "variable.html", query=VariableQuery),
    Page("/variables/import", variable_import, "variable_import.html"),
    Page("/variables/places", variable_places, "places.html", query=VariableQuery),
    Page("/variables/edit/{variable_key}", variable_form, "variable.html"),
)
FEEDS = (Feed("/variables/export.json", variable_export),)
