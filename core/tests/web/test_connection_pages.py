"""Pages about connections: fields as providers say, no secret in any of them, and where one is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from administration import MARKUP, MOST_STATEMENTS, PLANTED, client_with, mighty
from stages import Stage
from tradewind.operations.connections import create_connection, delete_connection
from tradewind.web.pages import connection_fields
from tradewind.web.pages.connection_fields import form_of, types_for
from tradewind_plugins.connection import Connection
from tradewind_plugins.declarations import ConnectionType, FormField

EXTRA = {"path": "/data", "private_key": PLANTED, "deep": {"password": PLANTED}, "note": MARKUP}


@pytest.fixture
def stored(stage: Stage) -> Any:
    """Makes a connection that is gone after the test."""
    made: list[str] = []

    def make(conn_id: str, **values: Any) -> None:
        create_connection(mighty(stage), values={"conn_id": conn_id, "conn_type": "fs", **values})
        made.append(conn_id)

    yield make
    for each in made:
        delete_connection(mighty(stage), conn_id=each)


def test_the_list_is_searched_and_shows_no_secret(stage: Stage, stored: Any) -> None:
    stored("warehouse", conn_type="postgres", host="db.example.com", password=PLANTED, extra=json.dumps(EXTRA))
    stored("inbox", description="100% of the MAIL")
    stored("odd", extra=f"no json {PLANTED}")
    client = stage.client()
    page = client.get("/connections").text
    assert all(name in page for name in ("warehouse", "inbox", "odd", "db.example.com"))
    assert PLANTED not in page
    for asked, found in (
        ("pattern=mail", {"inbox"}),
        ("pattern=EXAMPLE.com", {"warehouse"}),
        ("pattern=0%25", {"inbox"}),
        ("pattern=_", set()),
        ("conn_type=fs", {"inbox", "odd"}),
        ("conn_type=fs&pattern=od", {"odd"}),
    ):
        page = client.get(f"/connections?{asked}").text
        assert {name for name in ("warehouse", "inbox", "odd") if f"<strong>{name}</strong>" in page} == found, asked


def test_the_form_has_the_fields_of_its_type_and_no_secret(stage: Stage, stored: Any) -> None:
    stored("folder", password=PLANTED, extra=json.dumps(EXTRA))
    page = stage.client().get("/connections/edit/folder").text
    assert PLANTED not in page
    assert "Path of the folder" in page
    assert 'value="/data"' in page
    assert 'id="own-host"' not in page, "a folder has no host"
    assert 'id="own-password"' in page, "there is one, whatever the type says"
    assert "kept as it is" in page
    assert MARKUP not in page
    assert "&lt;script&gt;" in page
    other = stage.client().get("/connections/edit/folder?conn_type=smtp&part=fields").text
    assert "Without STARTTLS" in other
    assert "<html" not in other


def test_what_is_no_object_is_edited_as_a_whole(stage: Stage, stored: Any) -> None:
    stored("odd", extra=f"no json {PLANTED}")
    page = stage.client().get("/connections/edit/odd").text
    assert PLANTED not in page
    assert "data-whole" in page
    assert "Path of the folder" not in page


def test_fields_are_made_of_what_providers_say() -> None:
    extra = {"path": 5, "token": "***", "more": [1]}
    form = form_of("fs", Connection(conn_id="c", conn_type="fs", host="h", extra=json.dumps(extra)))
    shown = {each.name: each for each in form.fields}
    assert list(shown) == ["host", "path"]
    assert (shown["path"].value, shown["path"].kind, shown["path"].is_own) == ("5", "string", False)
    assert json.loads(form.rest) == {"token": "***", "more": [1]}
    assert json.loads(form.was) == extra
    mail = {
        each.name: each
        for each in form_of("smtp", Connection(conn_id="c", extra='{"disable_ssl": "True", "timeout": 1}')).fields
    }
    assert (mail["disable_ssl"].kind, mail["disable_ssl"].value, mail["disable_tls"].value) == ("boolean", "true", "")
    assert (mail["timeout"].kind, mail["password"].kind, mail["port"].kind) == ("integer", "secret", "integer")
    assert "schema" not in mail


def test_a_secret_field_is_kept_and_a_strange_choice_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    told = (
        FormField(name="mode", choices=("on", "off")),
        FormField(name="options"),
        FormField(name="key", secret=True, required=True),
        FormField(name="login", choices=("reader",)),
        FormField(name="gone", hidden=True),
    )
    kind = ConnectionType(name="odd", label="Odd", path="odd.hooks:Hook", fields=told)
    monkeypatch.setattr(connection_fields, "_declared", lambda: [kind])
    extra = '{"mode": "odd", "options": "***", "key": "***"}'
    form = form_of("odd", Connection(conn_id="c", password="***", login="ann", extra=extra))
    shown = {each.name: each for each in form.fields}
    assert (shown["mode"].value, shown["mode"].choices) == ("odd", ("on", "off", "odd"))
    assert (shown["login"].value, shown["login"].choices) == ("ann", ("reader", "ann"))
    assert (shown["options"].kind, shown["options"].is_kept, shown["options"].value) == ("secret", True, "")
    assert (shown["password"].is_kept, shown["key"].is_kept, shown["key"].value) == (True, True, "")
    assert "gone" not in shown
    assert not any(each.is_kept for each in form_of("odd", None).fields)


def test_a_type_that_nothing_has_is_told() -> None:
    assert "pip install tradewind-redis" in form_of("redis", None).missing
    assert "cannot be tested" in form_of("strange", None).missing
    assert [each.name for each in form_of("strange", None).fields] == ["host", "schema", "login", "password", "port"]
    assert (form_of("", None).missing, form_of("generic", None).missing) == ("", "")
    assert ("strange", "strange") in types_for("strange")
    assert {"fs", "smtp", "generic"} <= {name for name, _ in types_for(None)}


def test_where_a_connection_is_found(stage: Stage, stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stored("both", password=PLANTED)
    client = stage.client()
    assert "<strong>database</strong>" in client.get("/connections/places?connection_id=both").text
    monkeypatch.setenv("TRADEWIND_CONN_BOTH", f"sqlite://x:{PLANTED}@h")
    page = client.get("/connections/places?connection_id=both").text
    assert "<strong>environment</strong>" in page
    assert PLANTED not in page
    nowhere = client.get("/connections/places?connection_id=nowhere").text
    assert "No place has it" in nowhere
    assert "/connections/new?connection_id=nowhere" in nowhere
    assert 'value="nowhere"' in client.get("/connections/new?connection_id=nowhere").text
    assert "Asked" not in client.get("/connections/places").text


def test_what_people_wrote_is_escaped(stage: Stage, stored: Any) -> None:
    stored(MARKUP.replace("/", ""), conn_type=MARKUP, host=MARKUP, login=MARKUP, schema=MARKUP, description=MARKUP)
    client = stage.client()
    paths = (
        "/connections",
        "/connections/edit/<script>alert(1)<script>",
        f"/connections/places?connection_id={MARKUP}",
    )
    for path in (*paths, f"/connections/new?conn_type={MARKUP}&connection_id={MARKUP}"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path


def test_tests_are_offered_where_the_server_tries_connections(stage: Stage, stored: Any) -> None:
    stored("one")
    off = stage.client().get("/connections").text
    assert "data-test" not in off
    assert "web.test_connection" in off
    on = client_with(stage, test_connection=True)
    assert 'data-api="POST /connections/one/test"' in on.get("/connections").text
    assert 'id="try"' in on.get("/connections/new").text


def test_who_may_not_see_or_change_is_refused(stage: Stage, stored: Any) -> None:
    stored("one")
    nobody = stage.client(("can_read", "Pools"))
    for path in ("/connections", "/connections/new", "/connections/edit/one", "/connections/places?connection_id=one"):
        assert nobody.get(path).status_code == 403, path
    reader = stage.client(("can_read", "Connections"))
    page = reader.get("/connections").text
    assert "one" in page
    assert "data-api" not in page
    assert "New connection" not in page
    assert reader.get("/connections/edit/one").status_code == 403
    assert stage.client(("can_edit", "Connections")).get("/connections/edit/one").status_code == 403, "it shows one"
    assert stage.client().get("/connections/edit/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/connections", "/connections/edit/one", "/connections/places?connection_id=one"])
def test_statements_do_not_grow(stage: Stage, stored: Any, statements: Any, path: str) -> None:
    counts = []
    for names in (["one"], ["two", "three", "four"]):
        for name in names:
            stored(name, extra=json.dumps(EXTRA))
        with statements.recorded(stage.tools.database):
            assert stage.client().get(path).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
