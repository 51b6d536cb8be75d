"""The page about API tokens: one's own without what is secret, and those of others for who may see users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from administration import MARKUP, MOST_STATEMENTS, PLANTED, mighty
from flask.testing import FlaskClient
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.access.operations import Permission
from tradewind.access.roles import BUILT_IN, VIEWER
from tradewind.operations.context import Context
from tradewind.operations.tokens import create_token, revoke_token
from tradewind.operations.users import create_user, delete_user

Person = Callable[[str], Actor]


@pytest.fixture
def person(stage: Stage) -> Iterator[Person]:
    """Makes somebody who may do what a Viewer may, and is gone after the test."""
    made: list[str] = []

    def make(username: str) -> Actor:
        parts = {"email": f"{username}@example.com", "first_name": "F", "last_name": "L", "password": PLANTED}
        user = create_user(mighty(stage), username=username, **parts)
        made.append(username)
        return Actor(username, user.id, BUILT_IN[VIEWER])

    yield make
    for each in made:
        delete_user(mighty(stage), username=each)


def client(stage: Stage, actor: Actor) -> FlaskClient:
    return stage.app_of(stage.tools, actor).test_client()


def test_one_sees_ones_own_tokens_and_nothing_secret_of_them(stage: Stage, person: Person) -> None:
    ada, bob = person("ada"), person("bob")
    made = create_token(Context(ada, stage.tools), name=f"export {MARKUP}", scopes=["runs.*"], dags=["chain"])
    other = create_token(Context(bob, stage.tools), name="of bob")
    page = client(stage, ada).get("/tokens").text
    assert made.made.lookup in page
    assert made.token not in page
    assert made.token.rpartition("_")[2] not in page
    assert other.made.lookup not in page
    assert "<script>alert" not in page
    assert "operations runs.*" in page
    assert "DAGs chain" in page
    assert "good until" in page
    assert f"DELETE /tokens/{made.made.lookup}" in page
    revoke_token(Context(ada, stage.tools), lookup=made.made.lookup)
    page = client(stage, ada).get("/tokens?part=list").text
    assert "revoked" in page
    assert "DELETE" not in page


def test_others_are_seen_by_who_may_list_users(stage: Stage, person: Person) -> None:
    ada, bob = person("ada"), person("bob")
    lookup = create_token(Context(bob, stage.tools), name="of bob").made.lookup
    page = client(stage, ada).get("/tokens?everybody=true").text
    assert lookup not in page, "it shows one's own"
    assert "Those of all" not in page
    sees = replace(ada, permissions=BUILT_IN[VIEWER] | {Permission("can_read", "Users")})
    page = client(stage, sees).get("/tokens?everybody=true").text
    assert lookup in page
    assert "<td>bob</td>" in page
    assert "DELETE" not in page, "who may not change users revokes none of theirs"
    mighty_page = client(stage, replace(ada, permissions=None)).get("/tokens?everybody=true").text
    assert f"DELETE /tokens/{lookup}?everybody=true" in mighty_page


def test_who_came_with_a_token_is_offered_no_other(stage: Stage, person: Person) -> None:
    ada = person("ada")
    assert "POST /tokens" in client(stage, ada).get("/tokens").text
    assert "POST /tokens" not in client(stage, replace(ada, via="token")).get("/tokens").text


def test_who_may_not_see_it_is_refused(stage: Stage) -> None:
    assert stage.client(("can_read", "Pools")).get("/tokens").status_code == 403
    assert "POST /tokens" not in stage.client(("can_read", "Tokens")).get("/tokens").text


def test_statements_do_not_grow(stage: Stage, person: Person, statements: Any) -> None:
    ada = person("ada")
    counts = []
    for number in (1, 3):
        for _ in range(number):
            create_token(Context(ada, stage.tools), name="one more")
        with statements.recorded(stage.tools.database):
            assert client(stage, ada).get("/tokens").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
