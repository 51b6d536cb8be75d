"""Pages about variables: values but for secrets, where one is found, and all as a file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from administration import MARKUP, MOST_STATEMENTS, PLANTED, mighty
from stages import Stage
from tradewind.operations.bulk.variables import set_variables
from tradewind.operations.variables import create_variable, delete_variable, get_variable


@pytest.fixture
def stored(stage: Stage) -> Any:
    """Makes a variable that is gone after the test."""
    made: list[str] = []

    def make(key: str, value: str, description: str | None = None) -> None:
        create_variable(mighty(stage), key=key, value=value, description=description)
        made.append(key)

    yield make
    for each in made:
        delete_variable(mighty(stage), key=each)


def test_the_list_shows_values_but_no_secrets(stage: Stage, stored: Any) -> None:
    stored("region", "eu-central-1", "Where the buckets are")
    stored("api_token", PLANTED)
    stored("nested", json.dumps({"a": 1, "password": PLANTED}))
    stored("long", "x" * 5000)
    page = stage.client().get("/variables").text
    assert "eu-central-1" in page
    assert PLANTED not in page
    assert "x" * 201 not in page
    assert "5000 characters" in page
    page = stage.client().get("/variables?pattern=BUCKETS").text
    assert "region" in page
    assert "nested" not in page


def test_the_form_has_the_value_but_no_secret(stage: Stage, stored: Any) -> None:
    stored("region", "\nfirst line is empty")
    stored("api_token", PLANTED)
    stored("nested", json.dumps({"a": 1, "password": PLANTED}))
    client = stage.client()
    assert ">\n\nfirst line is empty</textarea>" in client.get("/variables/edit/region").text, "HTML drops the first"
    hidden = client.get("/variables/edit/api_token").text
    assert PLANTED not in hidden
    assert "kept as it is" in hidden
    assert "data-empty>" not in hidden, "an empty field is not sent"
    nested = client.get("/variables/edit/nested").text
    assert PLANTED not in nested
    assert "&#34;password&#34;: &#34;***&#34;" in nested


def test_an_export_is_what_an_import_takes(stage: Stage, stored: Any) -> None:
    stored("region", "eu", "Where")
    stored("plain", '{"a": 1}')
    stored("api_token", PLANTED)
    answer = stage.client().get("/variables/export.json")
    assert PLANTED not in answer.text
    assert answer.json == {"region": {"value": "eu", "description": "Where"}, "plain": '{"a": 1}', "api_token": "***"}
    rows = [{"key": "api_token", "value": answer.json["api_token"]}, {"key": "region", "value": "us"}]
    set_variables(mighty(stage), rows=rows, overwrite=True)
    assert get_variable(mighty(stage), key="region").value == "us"
    assert PLANTED not in stage.client().get("/variables/export.json").text


def test_where_a_variable_is_found(stage: Stage, stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stored("both", PLANTED)
    monkeypatch.setenv("TRADEWIND_VAR_BOTH", PLANTED)
    page = stage.client().get("/variables/places?key=both").text
    assert "<strong>environment</strong>" in page
    assert PLANTED not in page
    assert "/variables/new?key=nowhere" in stage.client().get("/variables/places?key=nowhere").text
    assert 'value="nowhere"' in stage.client().get("/variables/new?key=nowhere").text


def test_what_people_wrote_is_escaped(stage: Stage, stored: Any) -> None:
    key = MARKUP.replace("/", "")
    stored(key, MARKUP, MARKUP)
    for path in ("/variables", f"/variables/edit/{key}", f"/variables/places?key={key}", f"/variables?pattern={key}"):
        page = stage.client().get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text, path


def test_who_may_not_see_or_change_is_refused(stage: Stage, stored: Any) -> None:
    stored("one", "1")
    nobody = stage.client(("can_read", "Pools"))
    paths = ("/variables", "/variables/new", "/variables/import", "/variables/edit/one", "/variables/places")
    for path in (*paths, "/variables/export.json"):
        assert nobody.get(path).status_code == 403, path
    reader = stage.client(("can_read", "Variables"))
    page = reader.get("/variables").text
    assert "data-api" not in page
    assert "Import" not in page
    assert reader.get("/variables/import").status_code == 403
    maker = stage.client(("can_read", "Variables"), ("can_create", "Variables")).get("/variables/import").text
    assert 'value="skip"' in maker
    assert 'value="overwrite"' not in maker
    assert stage.client().get("/variables/edit/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/variables", "/variables/edit/one", "/variables/export.json"])
def test_statements_do_not_grow(stage: Stage, stored: Any, statements: Any, path: str) -> None:
    counts = []
    for names in (["one"], ["two", "three", "four"]):
        for name in names:
            stored(name, "1")
        with statements.recorded(stage.tools.database):
            assert stage.client().get(path).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
