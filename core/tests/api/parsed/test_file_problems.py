"""Import errors and warnings about DAGs by the REST API."""

from __future__ import annotations

import json
from typing import Any

import airflow_client.client as airflow
import pytest
import sqlalchemy as sa
from airflow_client.client.api import dag_warning_api, import_error_api
from airflow_client.client.exceptions import NotFoundException
from flask.testing import FlaskClient
from tradewind.metadata.tables import dag, dag_file

URL = "/api/v1"
READ = (("can_read", "ImportError"), ("can_read", "DAG Warnings"))


def set_warnings(stage: Any, path: str, *texts: str) -> None:
    change = sa.update(dag_file).where(dag_file.c.path == path).values(warnings=json.dumps(texts))
    stage.tools.database.write(lambda c: c.execute(change))


def test_the_published_client_works_on_import_errors(published: airflow.ApiClient) -> None:
    api = import_error_api.ImportErrorApi(published)
    found = api.get_import_errors(limit=10, offset=0, order_by="-import_error_id")
    assert ([each.filename for each in found.import_errors], found.total_entries) == (["shared.py", "broken.py"], 2)
    one = api.get_import_error(found.import_errors[0].import_error_id)
    assert (one.filename, "no yours today" in one.stack_trace) == ("shared.py", True)
    assert api.get_import_errors(limit=1, offset=1, order_by="timestamp").import_errors[0].import_error_id
    with pytest.raises(NotFoundException):
        api.get_import_error(1)


def test_the_errors_of_other_peoples_files_are_not_shown(stage: Any, client: FlaskClient) -> None:
    whole = client.get(f"{URL}/importErrors").json["import_errors"]
    mine = stage.client(*READ, ("can_read", "DAG:mine"))
    listed = mine.get(f"{URL}/importErrors").json
    assert ([each["filename"] for each in listed["import_errors"]], listed["total_entries"]) == (["shared.py"], 1)
    assert "no yours today" not in mine.get(f"{URL}/importErrors/{whole[1]['import_error_id']}").text
    assert mine.get(f"{URL}/importErrors/{whole[0]['import_error_id']}").status_code == 404
    both = stage.client(*READ, ("can_read", "DAG:mine"), ("can_read", "DAG:yours"))
    assert "no yours today" in both.get(f"{URL}/importErrors").text
    assert stage.client(*READ, ("can_read", "DAG:chain")).get(f"{URL}/importErrors").json["total_entries"] == 0


def test_the_published_client_works_on_warnings(published: airflow.ApiClient, stage: Any) -> None:
    set_warnings(stage, "chain.py", "its start differs", "a third thing")
    set_warnings(stage, "assets.py", "odd")
    api = dag_warning_api.DagWarningApi(published)
    found = api.get_dag_warnings(limit=2, offset=0, order_by="-dag_id", warning_type="import warning")
    assert [each["dag_id"] for each in found.dag_warnings] == ["rare", "producer"]
    assert found.total_entries == 6
    about = api.get_dag_warnings(dag_id="chain", warning_type="import warning")
    assert [each["message"] for each in about.dag_warnings] == ["a third thing", "its start differs"]
    assert api.get_dag_warnings(warning_type="non-existent pool").total_entries == 0
    mine = stage.client(*READ, ("can_read", "DAG:consumer"))
    assert [each["dag_id"] for each in mine.get(f"{URL}/dagWarnings").json["dag_warnings"]] == ["consumer"]
    assert mine.get(f"{URL}/dagWarnings?dag_id=chain").status_code == 403


def test_a_warning_about_a_file_with_other_peoples_dags_is_not_told(stage: Any) -> None:
    set_warnings(stage, "shared.py", "DAG 'yours' differs")
    mine = stage.client(*READ, ("can_read", "DAG:mine")).get(f"{URL}/dagWarnings?warning_type=import%20warning")
    assert [each["dag_id"] for each in mine.json["dag_warnings"]] == ["mine"]
    assert "yours" not in mine.text
    both = stage.client(*READ, ("can_read", "DAG:mine"), ("can_read", "DAG:yours"))
    assert "DAG 'yours' differs" in both.get(f"{URL}/dagWarnings").text
    set_warnings(stage, "shared.py")


def test_what_is_wrong_with_files_is_told_as_far_as_their_dags_may_be_seen(
    stage: Any, client: FlaskClient, statements: Any
) -> None:
    set_warnings(stage, "shared.py", "DAG 'yours' differs")
    for path, rows in (("fileWarnings", "file_warnings"), ("dagFiles", "dag_files")):
        with statements.recorded(stage.tools.database) as recorded:
            assert "'yours'" in client.get(f"{URL}/{path}").text
        recorded.assert_at_most(3)
        found = stage.client(*READ, ("can_read", "DAG:mine")).get(f"{URL}/{path}")
        assert [each["filename"] for each in found.json[rows]] == ["shared.py"]
        assert "yours" not in found.text
        assert stage.client(*READ, ("can_read", "DAG:nobody")).get(f"{URL}/{path}").json["total_entries"] == 0
    (half,) = client.get(f"{URL}/dagFiles?limit=1&offset=1").json["dag_files"]
    assert half["seconds"] > 0
    set_warnings(stage, "shared.py")


def test_dependencies_are_told_between_dags_that_may_be_seen(stage: Any, client: FlaskClient) -> None:
    found = client.get(f"{URL}/dagDependencies").json
    assert found["total_entries"] == len(found["dependencies"]) > 1
    permissions = (("can_read", "DAG:consumer"), ("can_read", "Task Instances"))
    mine = stage.client(*permissions).get(f"{URL}/dagDependencies").json["dependencies"]
    assert mine
    assert {each[end]["name"] for each in mine for end in ("before", "after") if each[end]["kind"] == "dag"} == {
        "consumer"
    }
    of_dag = f"{URL}/dags/consumer/details"
    assert stage.client(*permissions).get(of_dag).json["task_ids"] == client.get(of_dag).json["task_ids"] != []
    assert stage.client(permissions[0]).get(of_dag).json["task_ids"] is None


def test_a_dag_set_aside_is_warned_of(stage: Any, client: FlaskClient) -> None:
    change = sa.update(dag).where(dag.c.dag_id == "mine").values(quarantine="it stalled the scheduler")
    stage.tools.database.write(lambda c: c.execute(change))
    found = client.get(f"{URL}/dagWarnings?warning_type=quarantine").json["dag_warnings"]
    assert [(each["dag_id"], each["message"]) for each in found] == [("mine", "it stalled the scheduler")]


@pytest.mark.parametrize(
    "query",
    [
        "importErrors?order_by=stack_trace",
        "importErrors?limit=-1",
        f"importErrors?offset={10**40}",
        "importErrors?color=red",
        "importErrors/x",
        f"importErrors/{10**40}",
        "dagWarnings?dag_id=%00",
        "dagWarnings?order_by=no",
        "dagWarnings?limit=many",
    ],
)
def test_what_does_not_fit_is_refused(client: FlaskClient, query: str) -> None:
    refused = client.get(f"{URL}/{query}")
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert refused.json["fields"]


def test_reading_takes_the_same_statements_whatever_there_is(stage: Any, client: FlaskClient, statements: Any) -> None:
    for path, most in (("importErrors", 2), ("dagWarnings", 1)):
        with statements.recorded(stage.tools.database) as recorded:
            assert client.get(f"{URL}/{path}").status_code == 200
        recorded.assert_at_most(most)
