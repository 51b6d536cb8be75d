"""Pages about users: who there is with which roles, and nothing of their passwords."""

from __future__ import annotations

from typing import Any

import pytest
from administration import MARKUP, MOST_STATEMENTS, PLANTED, mighty
from stages import Stage
from tradewind.operations.users import create_user, delete_user


@pytest.fixture
def people(stage: Stage) -> Any:
    """Makes a user who is gone after the test."""
    made: list[str] = []

    def make(username: str, *roles: str, **more: str) -> None:
        parts = {"email": f"{len(made)}{username.strip('<>')}@example.com", "first_name": "F", "last_name": "L"} | more
        create_user(mighty(stage), username=username, password=PLANTED, role_names=roles, **parts)
        made.append(username)

    yield make
    for each in made:
        delete_user(mighty(stage), username=each)


def test_the_list_is_searched(stage: Stage, people: Any) -> None:
    people("ada", "Admin", last_name="Lovelace")
    people("bob", "Viewer", "User")
    page = stage.client().get("/users").text
    assert "Lovelace" in page
    assert all(f">{role}</a>" in page for role in ("Admin", "Viewer", "User"))
    assert PLANTED not in page
    assert "scrypt" not in page
    found = stage.client().get("/users?pattern=LOVE").text
    assert "<strong>ada</strong>" in found
    assert "<strong>bob</strong>" not in found
    assert "No user is like this" in stage.client().get("/users?pattern=%25").text


def test_the_form_has_the_roles_and_no_password(stage: Stage, people: Any) -> None:
    people("ada", "Viewer")
    page = stage.client().get("/users/edit/ada").text
    assert PLANTED not in page
    assert "scrypt" not in page
    assert "kept as it is" in page
    ticked = [line for line in page.split("<label") if " checked" in line]
    assert len(ticked) == 1
    assert "Viewer" in ticked[0]
    made = stage.client().get("/users/new").text
    assert [role for role in ("Admin", "Op", "User", "Viewer", "Public") if f"> {role}</label>" not in made] == []


def test_what_people_wrote_is_escaped(stage: Stage, people: Any) -> None:
    name = MARKUP.replace("/", "")
    people(name, first_name=MARKUP, last_name=MARKUP)
    for path in ("/users", f"/users/edit/{name}", f"/users?pattern={name}"):
        page = stage.client().get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text


def test_who_may_not_see_or_change_is_refused(stage: Stage, people: Any) -> None:
    people("ada", "Admin")
    nobody = stage.client(("can_read", "Pools"))
    for path in ("/users", "/users/new", "/users/edit/ada"):
        assert nobody.get(path).status_code == 403
    reader = stage.client(("can_read", "Users"))
    page = reader.get("/users").text
    assert "ada" in page
    assert "data-api" not in page
    assert "/roles/of" not in page, "who may not see roles gets no links to them"
    assert reader.get("/users/edit/ada").status_code == 403
    assert stage.client().get("/users/edit/nobody").status_code == 404


@pytest.mark.parametrize("path", ["/users", "/users/edit/ada", "/users/new"])
def test_statements_do_not_grow(stage: Stage, people: Any, statements: Any, path: str) -> None:
    counts = []
    for names in (["ada"], ["bob", "eve", "joe"]):
        for name in names:
            people(name, "Viewer")
        with statements.recorded(stage.tools.database):
            assert stage.client().get(path).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
