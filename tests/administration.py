"""What tests of the pages of administration share: people, other configurations, and what a page's forms send."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.operations.context import Context

PLANTED = "hunter2-planted"
MARKUP = "<script>alert(1)</script>"
MOST_STATEMENTS = 11
"""One more tells who asks."""


def mighty(stage: Stage) -> Context:
    """Return what operations are called with by somebody who may do everything."""
    return Context(Actor("ada", None, None), stage.tools)


def client_with(stage: Stage, actor: Actor | None = None, **web: Any) -> FlaskClient:
    """Return a client of a server with other settings of `[web]`."""
    config = replace(stage.tools.config, web=replace(stage.tools.config.web, **web))
    return stage.app_of(replace(stage.tools, config=config), actor or Actor("ada", None, None)).test_client()


@dataclass
class Form:
    """What asks the REST API: a form with its fields, or a button."""

    api: str
    names: set[str] = field(default_factory=set)
    body: str | None = None


class Forms(HTMLParser):
    """Finds what on a page asks the REST API, and what is no way to say something with our policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.unlabelled: list[str] = []
        self._form: Form | None = None
        self._is_in_label = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        given = dict(attrs)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label":
            self._is_in_label = True
            self.labelled.add(str(given.get("for")))
        if tag == "form":
            self._form = Form(str(given["data-api"])) if "data-api" in given else None
            self.found += [self._form] if self._form else []
        elif "data-api" in given:
            self.found.append(Form(str(given["data-api"]), body=given.get("data-body")))
        if tag in {"input", "select", "textarea"}:
            if not (self._is_in_label or given.get("type") == "hidden" or "aria-label" in given):
                self.unlabelled.append(str(given.get("id")))
            if self._form is not None and given.get("name"):
                self._form.names.add(str(given["name"]).partition(".")[0])

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        if tag == "form":
            self._form = None
        if tag == "label":
            self._is_in_label = False
