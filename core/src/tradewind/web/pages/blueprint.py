"""The pages as a Flask blueprint: who asks, what the operation says, and the template around it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from jinja2 import Template
from werkzeug.datastructures import MultiDict

from tradewind.access.actors import Actor
from tradewind.access.authorization import DeniedError, authorize
from tradewind.access.operations import TABLE
from tradewind.api.problems import problem_of
from tradewind.api.reading import read_request
from tradewind.operations.context import Context, Tools
from tradewind.web.pages.navigation import Navigation
from tradewind.web.pages.page import Feed, Page
from tradewind.web.pages.words import FILTERS

log = logging.getLogger(__name__)

NAME = "pages"
PART = "part"
"""What asks for one block of a page's template alone, to put in the place of what is shown."""
FAULT = "A fault of the server, which its log tells more about: please report it."


def make_pages(
    tools: Tools, csrf_token: Callable[[], str], pages: Sequence[Page], feeds: Sequence[Feed] = ()
) -> Blueprint:
    """Return the web UI.

    Arguments:
        tools: what operations work with.
        csrf_token: gives what a page has to send along with changes; called within a request.
        pages, feeds: what there is.
    """
    blueprint = Blueprint(NAME, __name__, template_folder="../templates")
    navigation = Navigation(pages)
    for page in pages:
        view = partial(_answer, partial(_written, page), page, tools)
        blueprint.add_url_rule(page.route.flask_path, endpoint=page.name, view_func=view, methods=["GET"])
    for feed in feeds:
        view = partial(_answer, _json, feed, tools)
        blueprint.add_url_rule(feed.route.flask_path, endpoint=feed.name, view_func=view, methods=["GET"])

    @blueprint.app_context_processor
    def surroundings() -> dict[str, Any]:
        """What every template may ask for."""
        actor: Actor | None = g.get("actor")
        return {
            "me": actor,
            "may": partial(_may, actor),
            "csrf_token": csrf_token if actor is not None and actor.via == "session" else lambda: "",
            "navigation": navigation.seen_by(actor, request.endpoint) if actor is not None else [],
            "now": tools.clock.now(),
        }

    @blueprint.record_once
    def add_filters(state: Any) -> None:
        state.app.jinja_env.filters.update(FILTERS)

    return blueprint


def _may(actor: Actor | None, name: str, dag_id: str | None = None) -> bool:
    """Tell whether who looks may do an operation: templates show no button that would be refused."""
    if actor is None:
        return False
    try:
        authorize(actor, TABLE[name], dag_id)
    except DeniedError:
        return False
    return True


def _answer(
    written: Callable[[Any], Response], shown: Page | Feed, tools: Tools, **_in_path: str
) -> Response | tuple[str, int]:
    try:
        arguments = read_request(shown.route, request, asked())
        return written(shown.show(Context(g.actor, tools), **arguments))
    except Exception as error:
        if problem_of(error) is None:
            log.exception("%s %s failed", request.method, request.path)
        return refused(error)


def asked() -> MultiDict[str, str]:
    """Return what stands behind the question mark, without `part`, and without fields of forms that were left empty."""
    return MultiDict((name, value) for name, value in request.args.items(multi=True) if name != PART and value)


def refused(error: Exception) -> tuple[str, int]:
    """Return the page that tells why there is none."""
    problem = problem_of(error)
    status = problem.status if problem is not None else HTTPStatus.INTERNAL_SERVER_ERROR
    detail = problem.detail if problem is not None else FAULT
    return render_template("pages/refused.html", status=status, detail=detail), status.value


def _written(page: Page, values: Any) -> Response:
    template: Template = current_app.jinja_env.get_template(f"pages/{page.template}")
    part = request.args.get(PART)
    if part is None or part not in template.blocks:
        return Response(render_template(template, **values, query=asked()), mimetype="text/html")
    surroundings: dict[str, Any] = {**values, "query": asked()}
    current_app.update_template_context(surroundings)
    context = template.new_context(surroundings)
    return Response("".join(template.blocks[part](context)), mimetype="text/html")


def _json(value: Any) -> Response:
    return Response(json.dumps(value, separators=(",", ":"), default=str), mimetype="application/json")
