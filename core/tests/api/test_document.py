"""The OpenAPI document: valid, and nothing in it without a summary, an example and its permission."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from tradewind.access.operations import TABLE
from tradewind.api.routes import ROUTES

# What each kind of database says is asked in tests of statements
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_document_is_valid_openapi_3_0(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.0.")
    validate(document)


def test_each_operation_has_a_summary_an_example_and_its_permission(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    operations = [
        each for path in document["paths"].values() for method, each in path.items() if method != "parameters"
    ]
    assert len(operations) == len(ROUTES)
    assert len({each["operationId"] for each in operations}) == len(operations)
    for each in operations:
        assert each["summary"] == TABLE[each["x-operation"]].summary
        assert each["x-permissions"] or TABLE[each["x-operation"]].is_open
        done = next(answer for status, answer in each["responses"].items() if status.startswith("2"))
        for shape in [*done.get("content", {}).values(), *each.get("requestBody", {}).get("content", {}).values()]:
            assert "example" in shape, each["operationId"]
