"""The page about the configuration: values with where they come from, secrets starred, and only where it may be shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from administration import MARKUP, PLANTED, client_with
from flask.testing import FlaskClient
from stages import Stage
from tradewind.access.actors import Actor
from tradewind.config import load

FILE = f"""
[web]
expose_config = "true"
base_url = "https://{MARKUP}"
secret_key = "{PLANTED}"
"""


@pytest.fixture
def client(stage: Stage, tmp_path: Path) -> FlaskClient:
    """Asks a server that was configured by a file, by the environment and by its command line."""
    (tmp_path / "tradewind.toml").write_text(FILE)
    given = {"TRADEWIND__DATABASE__POOL_SIZE": "7"}
    loaded = load(tmp_path, given, {("web", "port"): 8081})
    tools = replace(stage.tools, config=loaded.config)
    return stage.app_of(tools, Actor("ada", None, None)).test_client()


def test_each_value_tells_where_it_comes_from(client: FlaskClient, tmp_path: Path) -> None:
    page = client.get("/configuration?only_set=true").text
    assert str(tmp_path / "tradewind.toml") in page
    assert "TRADEWIND__DATABASE__POOL_SIZE" in page
    assert "command line" in page
    assert "<code>8081</code>" in page
    assert "answer_timeout" not in page, "nobody has set it"
    assert "answer_timeout" in client.get("/configuration").text


def test_no_secret_and_no_markup_is_in_the_page(client: FlaskClient) -> None:
    for asked in ("", "?only_set=true", "?pattern=secret_key", f"?pattern={MARKUP}"):
        page = client.get(f"/configuration{asked}").text
        assert PLANTED not in page
        assert "<script>alert" not in page
    assert "<code>***</code>" in client.get("/configuration?pattern=web.secret_key").text


def test_options_are_found_by_what_they_do(client: FlaskClient) -> None:
    page = client.get("/configuration?pattern=LISTEN").text
    assert "listen_url" in page
    assert "pool_size" not in page
    assert "No option is like this" in client.get("/configuration?pattern=nothing-like-it").text


def test_it_is_shown_where_the_server_says_so_and_to_who_may_see_it(stage: Stage) -> None:
    closed = stage.client().get("/configuration")
    assert closed.status_code == 403
    assert "web.expose_config" in closed.text
    nobody = client_with(stage, Actor("bob", 2, frozenset()), expose_config="true")
    assert nobody.get("/configuration").status_code == 403


def test_it_asks_the_database_nothing(stage: Stage, statements) -> None:
    client = client_with(stage, expose_config="true")
    with statements.recorded(stage.tools.database):
        assert client.get("/configuration").status_code == 200
    statements.assert_at_most(0)
