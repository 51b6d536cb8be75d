"""A page: the path people see, the operation that makes what it shows, and the template that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradewind.api.route import Route
from tradewind.api.schemas.common import Schema
from tradewind.operations.context import Named

Shown = Named[..., Mapping[str, Any]]


@dataclass(frozen=True)
class Menu:
    """Where a page stands in the menu.

    Arguments:
        group: the heading under which it stands; empty for the bar itself.
        label: what it is called.
        place: its place within the group, from 0.
    """

    group: str
    label: str
    place: int = 0


@dataclass(frozen=True)
class Page:
    """One page; pure data, as a route of the REST API is.

    Who may see it follows from `show`, which is an operation: it decides before anything is read. What it returns are the
    template's values. What people do on a page is asked of the REST API, so that there is one way to change something.

    Arguments:
        path: with parameters in braces, as in `tradewind.api.parameters`.
        show: the operation.
        template: below `templates/pages`.
        query: schema of what stands behind the question mark; None takes nothing but `part`.
        menu: its place in the menu; None for pages that others lead to.
    """

    path: str
    show: Shown
    template: str
    query: type[Schema] | None = None
    menu: Menu | None = None

    @property
    def route(self) -> Route:
        """The same as requests are read by it."""
        return Route("GET", self.path, self.show, query=self.query)

    @property
    def name(self) -> str:
        """What `url_for` calls it: that of `show`, behind `pages.`."""
        return self.show.__name__


@dataclass(frozen=True)
class Feed:
    """What a script asks for to draw a page: JSON, compact, made for one page and no promise to anybody else.

    Arguments:
        path, show, query: see `Page`; `show` returns what is written as JSON.
    """

    path: str
    show: Named[..., Any]
    query: type[Schema] | None = None

    @property
    def route(self) -> Route:
        """The same as requests are read by it."""
        return Route("GET", self.path, self.show, query=self.query)

    @property
    def name(self) -> str:
        """What `url_for` calls it: that of `show`, behind `pages.`."""
        return self.show.__name__
