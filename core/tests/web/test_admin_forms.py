"""What the pages of administration ask the REST API is what that takes; and the pages keep to the rules of all pages."""

from __future__ import annotations

import json
import re

import pytest
from administration import Forms, client_with, mighty
from flask.testing import FlaskClient
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.api.route import Route
from tradewind.api.routes import ROUTES
from tradewind.operations.connections import create_connection
from tradewind.operations.context import Context
from tradewind.operations.pools import create_pool
from tradewind.operations.roles import create_role
from tradewind.operations.tokens import create_token
from tradewind.operations.users import create_user, get_user
from tradewind.operations.variables import create_variable

PATHS = (
    "/connections",
    "/connections/new",
    "/connections/new?conn_type=smtp",
    "/connections/edit/one",
    "/connections/places?connection_id=one",
    "/variables",
    "/variables/new",
    "/variables/import",
    "/variables/edit/one",
    "/variables/places?key=one",
    "/pools",
    "/pools/new",
    "/pools/edit/one",
    "/configuration",
    "/providers",
    "/plugins",
    "/users",
    "/users/new",
    "/users/edit/one",
    "/roles",
    "/roles/new",
    "/roles/of/one",
    "/tokens",
    "/tokens?everybody=true",
    "/audit-log",
)


@pytest.fixture(scope="module")
def filled(stage: Stage) -> FlaskClient:
    """One of each thing, and somebody who may do everything with it."""
    context = mighty(stage)
    create_connection(context, values={"conn_id": "one", "conn_type": "fs", "password": "x", "extra": '{"path": "/x"}'})
    create_variable(context, key="one", value="1")
    create_pool(context, name="one", slots=1)
    create_role(context, name="one", pairs=[("can_read", "DAG:chain")])
    create_user(context, username="one", email="o@example.com", first_name="", last_name="", password="long enough")
    actor = Actor("one", get_user(context, username="one").id, None)
    create_token(Context(actor, stage.tools), name="one")
    return client_with(stage, actor, test_connection=True, expose_config="true")


def route_of(api: str) -> Route | None:
    method, path = api.split(" ")
    path = path.partition("?")[0]
    found = [
        each for each in ROUTES if each.method == method and re.fullmatch(re.sub("{\\w+}", "[^/]+", each.path), path)
    ]
    return min(found, key=lambda each: each.path.count("{"), default=None)


@pytest.mark.parametrize("path", PATHS)
def test_forms_send_what_the_api_takes(filled: FlaskClient, path: str) -> None:
    answer = filled.get(path)
    assert answer.status_code == 200
    page = Forms(answer.text)
    for form in page.found:
        route = route_of(form.api)
        assert route is not None, form.api
        known = {each.data_key or name for name, each in route.body().fields.items()} if route.body else set()
        names = form.names or set(json.loads(form.body or "{}"))
        assert names <= known, form.api


@pytest.mark.parametrize("path", PATHS)
def test_pages_keep_to_the_policy_and_every_field_has_a_label(filled: FlaskClient, path: str) -> None:
    text = filled.get(path).text
    page = Forms(text)
    assert page.inline == []
    assert len(page.ids) == len(set(page.ids)), "each id stands once"
    assert not re.search(r"<script(?![^>]* src=)", text)
    assert [each for each in page.unlabelled if each not in page.labelled] == []


@pytest.mark.parametrize("path", [path for path in PATHS if path not in {"/tokens", "/tokens?everybody=true"}])
def test_a_viewer_sees_only_what_a_viewer_may(stage: Stage, filled: FlaskClient, path: str) -> None:
    viewer = stage.client(("can_read", "DAGs"), ("can_read", "Pools"), ("can_read", "Plugins"))
    allowed = {"/pools", "/plugins"}
    assert viewer.get(path).status_code == (200 if path in allowed else 403)
