"""Pools by the REST API."""

from __future__ import annotations

from collections.abc import Callable

import airflow_client.client as airflow
import pytest
from airflow_client.client.api import pool_api
from airflow_client.client.exceptions import NotFoundException
from airflow_client.client.model.pool import Pool
from flask.testing import FlaskClient

# What each kind of database says is asked in tests of statements
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
URL = "/api/v1/pools"


def test_the_published_client_works_on_pools(airflow_client: airflow.ApiClient) -> None:
    api = pool_api.PoolApi(airflow_client)
    made = api.post_pool(Pool(name="reports", slots=4, description="the report server"))
    assert (made.name, made.slots, made.open_slots, made.occupied_slots) == ("reports", 4, 4, 0)
    assert api.get_pool("reports").description == "the report server"
    listed = api.get_pools(limit=10, offset=0, order_by="-slots")
    assert [pool.name for pool in listed.pools] == ["default_pool", "reports"]
    assert listed.total_entries == 2
    changed = api.patch_pool("reports", Pool(slots=8, description="not asked for"), update_mask=["slots"])
    assert (changed.slots, changed.description) == (8, "the report server")
    api.delete_pool("reports")
    with pytest.raises(NotFoundException):
        api.get_pool("reports")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a"}, "slots"),
        ({"name": "a", "slots": -1}, "slots"),
        ({"name": "a", "slots": True}, "slots"),
        ({"name": "a", "slots": "4"}, "slots"),
        ({"name": "", "slots": 4}, "name"),
        ({"name": "a" * 251, "slots": 4}, "name"),
        ({"name": "a", "slots": 4, "color": "red"}, "color"),
        ({"name": "a", "slots": 4, "include_deferred": True}, "include_deferred"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, body: dict[str, object], field: str) -> None:
    refused = client.post(URL, json=body)
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert list(refused.json["fields"]) == [field]
    assert field in refused.json["detail"]


def test_the_default_pool_stays(client: FlaskClient) -> None:
    assert client.delete(f"{URL}/default_pool").status_code == 400
    assert client.patch(f"{URL}/default_pool", json={"description": "mine"}).status_code == 400
    assert client.patch(f"{URL}/default_pool", json={"slots": 3}).json["slots"] == 3


def test_a_name_that_is_taken_is_a_conflict(client: FlaskClient) -> None:
    assert client.post(URL, json={"name": "default_pool", "slots": 1}).status_code == 409
    assert client.patch(f"{URL}/default_pool", json={"name": "other"}).status_code == 400


def test_reading_pools_takes_the_permission_to(client_of: Callable[..., FlaskClient]) -> None:
    reader = client_of(("can_read", "Pools"))
    assert reader.get(URL).status_code == 200
    refused = reader.post(URL, json={"name": "a", "slots": 1})
    assert refused.status_code == 403
    assert "can_create on Pools" in refused.json["detail"]
    assert client_of().get(URL).status_code == 403
