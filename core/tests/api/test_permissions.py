"""Every route, by people with every set of permissions: allowed exactly as the table of operations says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tradewind.access.actors import Actor
from tradewind.access.operations import OF_ONE_DAG, TABLE, Operation, Permission, Scope
from tradewind.api import problems
from tradewind.api.blueprint import PREFIX, make_blueprint
from tradewind.api.document import example_of
from tradewind.api.parameters import PARAMETERS
from tradewind.api.route import Route
from tradewind.api.routes import ROUTES
from tradewind.operations.context import Tools

OWN, OTHER = PARAMETERS["dag_id"].metadata["example"], "somebody_elses"
EVERYTHING = sorted({need for each in TABLE.values() for need in each.needs})


class Door:
    """Lets in whoever stands before it."""

    def __init__(self, tools: Tools) -> None:
        self.actor = Actor("nobody", None, frozenset())
        app = Flask("tradewind")
        app.register_blueprint(make_blueprint(tools, lambda _request: self.actor))
        problems.install(app)
        self.client: FlaskClient = app.test_client()

    def ask(self, actor: Actor, route: Route, dag_id: str) -> int:
        """Send the example of a route in somebody's name, about a DAG, and return the answer's status."""
        self.actor = actor
        values = {name: each.metadata["example"] for name, each in route.parameters.fields.items()}
        path = route.path.format(**{**values, "dag_id": dag_id})
        body = None if route.body is None else example_of(route.body(), is_loaded=True)
        answer = self.client.open(PREFIX + path, method=route.method, json=body, query_string=needed(route))
        # What is off in the configuration is off for everybody: that is no matter of permissions
        return 200 if answer.is_json and answer.json.get("error_id") == "not-enabled" else answer.status_code


def needed(route: Route) -> dict[str, Any]:
    """Return examples of what must stand in a route's query."""
    if route.query is None:
        return {}
    schema = route.query()
    examples = example_of(schema, is_loaded=True)
    return {name: examples[name] for name, each in schema.fields.items() if each.required}


@pytest.fixture
def door(tools: Tools) -> Iterator[Door]:
    return Door(tools)


def is_allowed(operation: Operation, permissions: frozenset[Permission], dag_id: str | None) -> bool:
    """The rule, said once more: each need is granted, for everything or for this DAG (or, of a list, for some DAG)."""
    for action, resource in operation.needs:
        kinds = {resource}
        if resource in OF_ONE_DAG and operation.scope is not Scope.CLUSTER:
            dags = (OWN, OTHER) if dag_id is None else (dag_id,)
            kinds |= {OF_ONE_DAG[resource] + each for each in dags}
        if not any(Permission(action, each) in permissions for each in kinds):
            return False
    return True


@st.composite
def questions(draw: st.DrawFn) -> tuple[Route, frozenset[Permission], str]:
    """A route, what somebody was granted (much of what the route needs, and other things), and whose DAG it is about."""
    route = draw(st.sampled_from(ROUTES))
    needs = list(route.operation.needs)
    for_one = [
        Permission(each.action, OF_ONE_DAG[each.resource] + OWN) for each in needs if each.resource in OF_ONE_DAG
    ]
    granted = draw(st.sets(st.sampled_from([*needs, *for_one, *EVERYTHING[::7]]), max_size=6))
    if draw(st.booleans()):
        granted |= set(needs[1:]) | set(for_one)
    return route, frozenset(granted), draw(st.sampled_from((OWN, OTHER)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_allowed_exactly_as_the_table_says(door: Door, question: tuple[Route, frozenset[Permission], str]) -> None:
    route, permissions, dag_id = question
    status = door.ask(Actor("bob", 2, permissions), route, dag_id)
    about = dag_id if "dag_id" in route.parameters.fields else None
    assert (status != 403) == is_allowed(route.operation, permissions, about), (route.method, route.path, status)
    assert status < 500, (route.method, route.path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_permissions_only_what_is_open_is_answered(door: Door) -> None:
    nobody = Actor("nobody", None, frozenset())
    for route in ROUTES:
        assert (door.ask(nobody, route, OWN) == 403) != route.operation.is_open, (route.method, route.path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_token_cuts_down_what_its_owner_may_do(door: Door) -> None:
    for route in ROUTES:
        about = "dag_id" in route.parameters.fields
        elsewhere = Actor("ada", 1, None, scopes=("nothing.*",))
        assert (door.ask(elsewhere, route, OWN) == 403) != route.operation.is_open
        noun = route.operation.name.partition(".")[0]
        assert door.ask(Actor("ada", 1, None, scopes=(f"{noun}.*",)), route, OWN) != 403
        of_one = Actor("ada", 1, None, dags=frozenset({OWN}))
        if about and not route.operation.is_open:
            assert door.ask(of_one, route, OWN) != 403
            assert door.ask(of_one, route, OTHER) == 403
        if route.operation.scope is Scope.CLUSTER and not route.operation.is_open:
            assert door.ask(of_one, route, OWN) == 403
