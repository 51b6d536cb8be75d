"""Connections by the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import airflow_client.client as airflow
import pytest
from airflow_client.client.api import connection_api
from airflow_client.client.exceptions import ForbiddenException, NotFoundException
from airflow_client.client.model.connection import Connection
from flask.testing import FlaskClient
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import connections
from tradewind.operations.context import Tools
from tradewind.plugins.current import registry
from tradewind_plugins.declarations import ConnectionType, FormField

URL = "/api/v1/connections"
PLANTED = "hunter2-planted"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BODY = {"connection_id": "db", "conn_type": "sqlite", "host": "/nowhere/x.db"}


def test_the_published_client_works_on_connections(airflow_client: airflow.ApiClient) -> None:
    api = connection_api.ConnectionApi(airflow_client)
    made = api.post_connection(
        Connection(connection_id="db", conn_type="sqlite", host="h", login="l", port=5, schema="s", password=PLANTED)
    )
    assert (made.connection_id, made.host, made.port, "password" in made) == ("db", "h", 5, False)
    api.post_connection(Connection(connection_id="a", conn_type="http", extra='{"timeout": 3}'))
    listed = api.get_connections(limit=10, offset=0, order_by="-connection_id")
    assert ([each.connection_id for each in listed.connections], listed.total_entries) == (["db", "a"], 2)
    changed = api.patch_connection(
        "db", Connection(connection_id="db", conn_type="http", host="other"), update_mask=["host"]
    )
    assert (changed.conn_type, changed.host, changed.login) == ("sqlite", "other", "l")
    assert api.get_connection("a").extra == '{"timeout": 3}'
    with pytest.raises(ForbiddenException, match=r"web\.test_connection"):
        api.test_connection(Connection(connection_id="db", conn_type="sqlite"))
    api.delete_connection("db")
    with pytest.raises(NotFoundException):
        api.get_connection("db")


@on_sqlite
def test_secrets_go_in_but_never_out(client: FlaskClient, tools: Tools) -> None:
    extra = json.dumps({"timeout": 1, "deep": {"private_key": PLANTED}})
    answers = [
        client.post(URL, json={**BODY, "password": PLANTED, "extra": extra}),
        client.post(URL, json={**BODY, "connection_id": "odd", "extra": f"no json {PLANTED}"}),
        client.get(URL),
        client.get(f"{URL}/db"),
        client.get(f"{URL}/odd"),
        client.post(URL, json={**BODY, "password": PLANTED}),
        client.patch(f"{URL}/db", json={"port": "x", "password": PLANTED}),
        client.patch(f"{URL}/db", json={"password": [PLANTED]}),
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 200, 200, 409, 400, 400]
    assert all(PLANTED not in each.text for each in answers)
    assert json.loads(answers[3].json["extra"]) == {"timeout": 1, "deep": {"private_key": "***"}}
    sent = json.dumps({"timeout": 2, "deep": {"private_key": "***"}})
    assert PLANTED not in client.patch(f"{URL}/db", json={"extra": sent, "password": "***"}).text
    with tools.database.read() as connection:
        found = connections.get_connection(
            connection, "db", cipher=open_cipher(tools.config.security.fernet_key, tools.config.home)
        )
    assert found is not None
    assert (found.password, found.extra_dejson) == (PLANTED, {"timeout": 2, "deep": {"private_key": PLANTED}})


@on_sqlite
def test_what_secrets_backends_have_is_not_listed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HIDDEN", "sqlite:///x")
    monkeypatch.setenv("TRADEWIND_CONN_HIDDEN", "sqlite:///x")
    assert client.get(URL).json == {"connections": [], "total_entries": 0}
    assert client.get(f"{URL}/hidden").status_code == 404


@on_sqlite
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"connection_id": ""}, "connection_id"),
        ({"connection_id": "a\x00b"}, "connection_id"),
        ({"conn_type": None}, "conn_type"),
        ({"port": 70_000}, "port"),
        ({"port": 10**30}, "port"),
        ({"port": True}, "port"),
        ({"port": "5432"}, "port"),
        ({"host": "h" * 501}, "host"),
        ({"host": "\x00"}, "host"),
        ({"extra": {"a": 1}}, "extra"),
        ({"password": 3}, "password"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, change: dict[str, object], field: str) -> None:
    refused = client.post(URL, json={**BODY, **change})
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])


@on_sqlite
def test_a_connection_keeps_its_id(client: FlaskClient) -> None:
    client.post(URL, json=BODY)
    assert client.patch(f"{URL}/db", json={"connection_id": "other"}).status_code == 400
    assert client.patch(f"{URL}/other", json={"host": "h"}).status_code == 404
    assert client.get(f"{URL}?order_by=password").status_code == 400


@on_sqlite
def test_a_connection_is_tried_in_a_process_of_its_own(
    tools: Tools, client_for: Callable[[Tools], FlaskClient]
) -> None:
    web = replace(tools.config.web, test_connection=True)
    client = client_for(replace(tools, config=replace(tools.config, web=web)))
    works = client.post(f"{URL}/test", json={"conn_type": "sqlite", "host": ":memory:"})
    assert (works.status_code, works.json["status"]) == (200, True)
    fails = client.post(f"{URL}/test", json={"conn_type": "unheard_of", "password": PLANTED})
    assert (fails.status_code, fails.json["status"]) == (200, False)
    assert PLANTED not in fails.text
    extra = json.dumps({"retry_limit": 1, "timeout": 5})
    refused = client.post(f"{URL}/test", json={"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": extra})
    assert "refused" in refused.json["message"].lower(), "what is not in the connection is the server's setting"


@on_sqlite
def test_another_type_takes_no_stars_for_a_secret(
    client: FlaskClient, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = FormField(name="pin", secret=True)
    odd = ConnectionType(name="odd", label="Odd", path="odd.hooks:Hook", fields=(secret,))
    known = registry()
    monkeypatch.setattr(known, "all", lambda _kind: [odd])
    client.post(URL, json={**BODY, "conn_type": "odd", "extra": json.dumps({"pin": PLANTED})})
    assert json.loads(client.get(f"{URL}/db").json["extra"]) == {"pin": "***"}
    assert client.patch(f"{URL}/db", json={"conn_type": "sqlite", "extra": '{"pin": "***"}'}).status_code == 200
    with tools.database.read() as connection:
        cipher = open_cipher(tools.config.security.fernet_key, tools.config.home)
        found = connections.get_connection(connection, "db", cipher=cipher)
    assert found is not None
    assert found.extra_dejson == {"pin": PLANTED}


def test_a_page_costs_the_same_whatever_its_length(client: FlaskClient, tools: Tools, statements) -> None:
    costs = []
    for number in (1, 20):
        for each in range(number):
            client.post(URL, json={**BODY, "connection_id": f"c{each}"})
        with statements.recorded(tools.database) as recorded:
            assert len(client.get(URL).json["connections"]) == number
        costs.append(len(recorded.texts))
    assert costs[0] == costs[1] <= 2
