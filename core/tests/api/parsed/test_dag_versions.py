"""Versions of DAGs by the REST API."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

URL = "/api/v1/dags/chain/versions"
CODE = (("can_read", "DAG Code"),)


def test_versions_are_listed_and_shown(client: FlaskClient) -> None:
    listed = client.get(f"{URL}?order_by=-version_number&limit=1").json
    assert (listed["total_entries"], listed["dag_versions"][0]["version_number"]) == (2, 2)
    assert listed["dag_versions"][0]["is_newest"] is True
    first = client.get(f"{URL}/1").json
    assert (first["version"]["is_newest"], first["version"]["path"]) == (False, "chain.py")
    assert [each["task_id"] for each in first["tasks"]] == ["first", "last"]
    assert [each["path"] for each in first["files"]] == ["chain.py"]
    assert "middle" not in first["files"][0]["text"]
    assert client.get(f"{URL}/3").status_code == 404
    assert client.get("/api/v1/dags/none/versions").status_code == 404


def test_two_versions_are_compared(client: FlaskClient) -> None:
    found = client.get(f"{URL}/1/diff/2").json
    assert (found["tasks_added"], found["tasks_removed"]) == (["middle"], [])
    changed = {(each["task_id"], each["field"]): (each["before"], each["after"]) for each in found["changes"]}
    assert changed["last", "upstream"] == (["first"], ["middle"])
    lines = found["sources"].splitlines()
    assert lines[:2] == ["--- chain.py", "+++ chain.py"]
    assert any(line.startswith("+") and "middle" in line for line in lines)
    back = client.get(f"{URL}/2/diff/1").json
    assert (back["tasks_added"], back["tasks_removed"]) == ([], ["middle"])
    same = client.get(f"{URL}/2/diff/2").json
    assert (same["sources"], same["changes"]) == ("", [])


@pytest.mark.parametrize("path", ["0", "x", "-1", f"{10**30}", "1/diff/0", "1/diff/x"])
def test_what_is_no_number_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get(f"{URL}/{path}").status_code == 400


def test_the_code_of_a_file_with_other_peoples_dags_is_not_shown(stage: Any) -> None:
    mine = stage.client(*CODE, ("can_read", "DAG:mine"))
    assert mine.get("/api/v1/dags/mine/versions").json["total_entries"] == 1
    assert mine.get("/api/v1/dags/mine/versions/1").status_code == 403
    assert mine.get("/api/v1/dags/yours/versions").status_code == 403
    both = stage.client(*CODE, ("can_read", "DAG:mine"), ("can_read", "DAG:yours"))
    assert "yours" in both.get("/api/v1/dags/mine/versions/1").json["files"][0]["text"]
    without = stage.client(("can_read", "DAG:chain"))
    assert without.get(f"{URL}/1").status_code == 403


def test_reading_takes_the_same_statements_whatever_there_is(stage: Any, client: FlaskClient, statements: Any) -> None:
    for path, most in (("", 3), ("/1", 5), ("/1/diff/2", 10)):
        with statements.recorded(stage.tools.database) as recorded:
            assert client.get(f"{URL}{path}").status_code == 200
        recorded.assert_at_most(most)
