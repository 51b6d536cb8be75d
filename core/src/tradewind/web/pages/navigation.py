"""The menu: each page where its data say, for those who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradewind.access.actors import Actor
from tradewind.access.authorization import DeniedError, authorize
from tradewind.web.pages.page import Page

GROUPS = ("", "Browse", "Admin", "Security")
"""The headings, in their order; the empty one's pages stand on the bar."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu.

    Arguments:
        label: what it is called.
        endpoint: where it leads, as `url_for` calls it.
        is_here: whether it is the page that is shown.
    """

    label: str
    endpoint: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with its lines; those of the empty heading stand on the bar."""

    heading: str
    items: Sequence[Item]


class Navigation:
    """The menu of all pages."""

    def __init__(self, pages: Sequence[Page]) -> None:
        in_menu = [page for page in pages if page.menu is not None]
        strange = sorted({page.menu.group for page in in_menu if page.menu} - {*GROUPS})
        if strange:
            raise ValueError(f"There is no group {strange[0]!r} in the menu: {GROUPS}")
        self._groups = [
            (
                heading,
                sorted(
                    (page for page in in_menu if page.menu and page.menu.group == heading),
                    key=lambda page: page.menu.place if page.menu else 0,
                ),
            )
            for heading in GROUPS
        ]

    def seen_by(self, actor: Actor, endpoint: str | None) -> list[Group]:
        """Return what somebody may see, without headings over nothing."""
        found = []
        for heading, pages in self._groups:
            items = [
                Item(page.menu.label, f"pages.{page.name}", endpoint == f"pages.{page.name}")
                for page in pages
                if page.menu and _may_see(actor, page)
            ]
            if items:
                found.append(Group(heading, items))
        return found


def _may_see(actor: Actor, page: Page) -> bool:
    try:
        authorize(actor, page.show.operation)
    except DeniedError:
        return False
    return True
