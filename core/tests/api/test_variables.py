"""Variables by the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import airflow_client.client as airflow
import pytest
from airflow_client.client.api import variable_api
from airflow_client.client.exceptions import NotFoundException
from airflow_client.client.model.variable import Variable
from cryptography.fernet import Fernet
from flask.testing import FlaskClient
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import variables
from tradewind.operations.context import Tools

pytestmark = pytest.mark.long_module

URL = "/api/v1/variables"
PLANTED = "hunter2-planted"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def stored(tools: Tools, key: str) -> str:
    cipher = open_cipher(tools.config.security.fernet_key, tools.config.home)
    with tools.database.read() as connection:
        found = variables.get_variable(connection, key, cipher=cipher)
    assert found is not None
    return found.value


def test_the_published_client_works_on_variables(airflow_client: airflow.ApiClient) -> None:
    api = variable_api.VariableApi(airflow_client)
    made = api.post_variables(Variable(key="region", value="eu", description="where"))
    assert (made.key, made.value, made.description) == ("region", "eu", "where")
    api.post_variables(Variable(key="b", value="2"))
    listed = api.get_variables(limit=1, offset=1, order_by="-key")
    assert ([each.key for each in listed.variables], listed.total_entries) == (["b"], 2)
    changed = api.patch_variable("region", Variable(key="region", value="us", description="no"), update_mask=["value"])
    assert (changed.value, changed.description) == ("us", "where")
    assert api.get_variable("region").value == "us"
    api.post_variables(Variable(key="region", value="asia"))
    assert api.get_variable("region").value == "asia"
    api.delete_variable("region")
    with pytest.raises(NotFoundException):
        api.get_variable("region")


@on_sqlite
def test_secrets_are_stars_and_stars_that_come_back_change_nothing(client: FlaskClient, tools: Tools) -> None:
    inside = json.dumps({"host": "h", "deep": [{"api_token": PLANTED}]})
    answers = [
        client.post(URL, json={"key": "db_password", "value": PLANTED}),
        client.post(URL, json={"key": "settings", "value": inside}),
        client.get(URL),
        client.get(f"{URL}/db_password"),
        client.get(f"{URL}/settings"),
    ]
    assert all(each.status_code == 200 and PLANTED not in each.text for each in answers)
    shown = answers[-1].json["value"]
    assert json.loads(shown) == {"host": "h", "deep": [{"api_token": "***"}]}
    changed = json.dumps({"host": "other", "deep": [{"api_token": "***"}]})
    assert client.patch(f"{URL}/settings", json={"value": changed}).status_code == 200
    assert json.loads(stored(tools, "settings")) == {"host": "other", "deep": [{"api_token": PLANTED}]}
    client.patch(f"{URL}/db_password", json={"value": "***", "description": "kept"})
    assert stored(tools, "db_password") == PLANTED
    client.patch(f"{URL}/db_password", json={"value": "new"})
    assert stored(tools, "db_password") == "new"


@on_sqlite
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "a"}, "value"),
        ({"key": "", "value": "x"}, "key"),
        ({"key": "a\x00", "value": "x"}, "key"),
        ({"key": "a", "value": "x\x00"}, "value"),
        ({"key": "a", "value": "\ud800"}, "value"),
        ({"key": "a", "value": 3}, "value"),
        ({"key": "a", "value": {"deep": 1}}, "value"),
        ({"key": "a" * 251, "value": "x"}, "key"),
        ({"key": "a", "value": "x", "description": "d\x00"}, "description"),
        ({"key": "a", "value": "x", "color": "red"}, "color"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, body: dict[str, object], field: str) -> None:
    refused = client.post(URL, json=body)
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])


@on_sqlite
def test_a_variable_keeps_its_key_and_order_is_by_known_names(client: FlaskClient) -> None:
    client.post(URL, json={"key": "a", "value": "1"})
    assert client.patch(f"{URL}/a", json={"key": "b"}).status_code == 400
    assert client.patch(f"{URL}/b", json={"value": "1"}).status_code == 404
    assert client.get(f"{URL}?order_by=value").status_code == 400
    assert client.patch(f"{URL}/a?update_mask=description", json={"key": "a", "value": "2"}).status_code == 400


@on_sqlite
def test_creating_over_a_variable_takes_the_permission_to_change_it(client_of: Callable[..., FlaskClient]) -> None:
    creator = client_of(("can_create", "Variables"))
    assert creator.post(URL, json={"key": "a", "value": "1"}).status_code == 200
    assert creator.post(URL, json={"key": "a", "value": "2"}).status_code == 409
    assert creator.get(f"{URL}/a").status_code == 403


def test_a_page_costs_the_same_whatever_its_length(client: FlaskClient, tools: Tools, statements) -> None:
    costs = []
    for number in (1, 20):
        for each in range(number):
            client.post(URL, json={"key": f"k{each}", "value": "1"})
        with statements.recorded(tools.database) as recorded:
            assert len(client.get(URL).json["variables"]) == number
        costs.append(len(recorded.texts))
    assert costs[0] == costs[1] <= 2


@on_sqlite
def test_a_lost_key_hides_values_but_no_variables(
    client: FlaskClient, tools: Tools, client_for: Callable[[Tools], FlaskClient]
) -> None:
    client.post(URL, json={"key": "a", "value": PLANTED})
    security = replace(tools.config.security, fernet_key=Fernet.generate_key().decode())
    other = client_for(replace(tools, config=replace(tools.config, security=security)))
    assert other.get(URL).json["variables"] == [{"key": "a", "value": "***", "description": None}]
    refused = other.get(f"{URL}/a")
    assert (refused.status_code, "security.fernet_key" in refused.json["detail"]) == (503, True)
