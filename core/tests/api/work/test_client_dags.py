"""DAGs, tasks and sources by the published client."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import airflow_client.client as airflow
import pytest
import sqlalchemy as sa
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_stats_api import DagStatsApi
from airflow_client.client.exceptions import ApiException, NotFoundException
from airflow_client.client.model.dag import DAG
from flask.testing import FlaskClient
from tradewind.metadata import tables

OWN_FILE = "work.py"


@pytest.fixture(scope="module")
def api(published: airflow.ApiClient) -> DAGApi:
    return DAGApi(published)


def test_dags_are_listed_and_narrowed(api: DAGApi) -> None:
    listed = api.get_dags(order_by="-dag_id", limit=2)
    assert [each.dag_id for each in listed.dags] == ["told", "spare"]
    assert listed.total_entries == 9
    assert [each.dag_id for each in api.get_dags(tags=["a", "none"]).dags] == ["chain"]
    assert [each.dag_id for each in api.get_dags(tags=["A"]).dags] == []
    assert [each.dag_id for each in api.get_dags(dag_id_pattern="AP").dags] == ["mapped"]
    assert "sleepy" in [each.dag_id for each in api.get_dags(paused=True, only_active=False).dags]
    assert api.get_dags(fields=["dag_id"], limit=1).to_dict() == {"dags": [{"dag_id": "chain"}], "total_entries": 9}


def test_a_dag_has_all_fields(api: DAGApi) -> None:
    dag = api.get_dag("chain")
    assert (dag.dag_id, dag.dag_display_name, dag.description) == ("chain", "chain", "One after the other")
    assert (dag.schedule_interval.type, dag.schedule_interval.value) == ("CronExpression", "@daily")
    assert [tag.name for tag in dag.tags] == ["a", "b"]
    assert (dag.is_paused, dag.is_active, dag.has_import_errors, dag.is_subdag) == (False, True, False, False)
    assert (dag.max_active_runs, dag.owners, dag.fileloc) == (1000, ["tradewind"], OWN_FILE)
    assert dag.next_dagrun_data_interval_start < dag.next_dagrun_data_interval_end <= dag.next_dagrun_create_after
    assert dag.last_parsed_time is not None
    assert api.get_dag("empty").schedule_interval is None
    with pytest.raises(NotFoundException):
        api.get_dag("none")


def test_the_details_of_a_dag(api: DAGApi) -> None:
    dag = api.get_dag_details("chain")
    assert (dag.catchup, dag.concurrency, dag.timezone, dag.orientation) == (False, 1000.0, "UTC", "LR")
    assert dag.start_date == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert dag.params["n"]["value"] == 3
    assert (dag.dag_run_timeout, dag.dataset_expression, dag.end_date, dag.doc_md) == (None, None, None, None)
    assert set(api.get_dag_details("chain", fields=["timezone"]).to_dict()) == {"timezone"}


def test_each_kind_of_schedule_has_airflow_s_form(api: DAGApi, client: FlaskClient) -> None:
    often = api.get_dag("often").schedule_interval
    assert (often.type, often.days, often.seconds) == ("TimeDelta", 1, 7200)
    limit = client.get("/api/v1/dags/often/details").json["dag_run_timeout"]
    assert limit == {"__type": "TimeDelta", "days": 0, "seconds": 300, "microseconds": 0}
    monthly = api.get_dag("monthly").schedule_interval
    assert (monthly.type, monthly.months, monthly.years) == ("RelativeDelta", 1, 0)
    told = client.get("/api/v1/dags/told/details").json
    assert told["schedule_interval"] == {"__type": "CronExpression", "value": "Dataset"}
    assert told["dataset_expression"] == {"any": ["s3://one/", "s3://two/"]}


def test_dags_are_paused_one_by_one_and_at_once(api: DAGApi) -> None:
    assert api.patch_dag("empty", DAG(is_paused=True), update_mask=["is_paused"]).is_paused is True
    assert api.get_dag("empty").is_paused is True
    assert api.patch_dag("empty", DAG(is_paused=False)).is_paused is False
    changed = api.patch_dags("pty", DAG(is_paused=True))
    assert [(each.dag_id, each.is_paused) for each in changed.dags] == [("empty", True)]
    assert api.patch_dags("~", DAG(is_paused=False), tags=["b"]).total_entries == 2
    assert api.get_dag("sleepy").is_paused is True


def test_runs_are_counted_by_state(stage: Any, published: airflow.ApiClient) -> None:
    stage.begin("mapped")
    found = DagStatsApi(published).get_dag_stats("mapped,none")
    assert found.total_entries == 1
    assert {each.state: each.count for each in found.dags[0].stats} == {
        "failed": 0,
        "queued": 0,
        "running": 1,
        "success": 0,
    }


def test_the_tasks_of_a_dag(api: DAGApi) -> None:
    listed = api.get_tasks("chain", order_by="-task_id")
    assert [each.task_id for each in listed.tasks] == ["middle", "last", "first"]
    task = api.get_task("chain", "first")
    assert (task.retries, task.downstream_task_ids, task.trigger_rule.value) == (2.0, ["middle"], "all_success")
    assert (task.class_ref.class_name, task.is_mapped, task.owner) == ("DecoratedOperator", False, "tradewind")
    assert (task.retry_delay.days, task.retry_delay.seconds) == (0, 0)
    assert api.get_task("mapped", "square").is_mapped is True
    with pytest.raises(NotFoundException):
        api.get_task("chain", "none")


def test_the_source_of_a_dag_is_read_by_its_token(api: DAGApi, client: FlaskClient) -> None:
    token = api.get_dag("chain").file_token
    assert "One after the other" in api.get_dag_source(token).content
    text = client.get(f"/api/v1/dagSources/{token}", headers={"Accept": "text/plain"})
    assert (text.mimetype, text.text.startswith("\nfrom datetime")) == ("text/plain", True)
    for other in ("L2V0Yy9wYXNzd2Q", "..%2F..%2Fetc%2Fpasswd", token[:-1], "x" * 600, "_w", "a=b", "%C3%A4"):
        assert client.get(f"/api/v1/dagSources/{other}").status_code == 404


def test_a_source_is_for_those_who_may_read_all_its_dags(stage: Any, api: DAGApi) -> None:
    token = api.get_dag("chain").file_token
    url = f"/api/v1/dagSources/{token}"
    assert stage.client(("can_read", "DAGs"), ("can_read", "DAG Code")).get(url).status_code == 200
    assert stage.client(("can_read", "DAG:chain"), ("can_read", "DAG Code")).get(url).status_code == 403
    assert stage.client(("can_read", "DAGs")).get(url).status_code == 403
    assert stage.client(("can_edit", "DAG:chain")).put(f"/api/v1/parseDagFile/{token}").status_code == 403


def test_a_file_is_to_be_read_again(stage: Any, api: DAGApi) -> None:
    api.reparse_dag_file(api.get_dag("chain").file_token)
    with stage.tools.database.read() as connection:
        assert connection.execute(sa.select(tables.dag_file.c.asked_at)).scalar_one() is not None
    with pytest.raises(NotFoundException):
        api.reparse_dag_file("none")


def test_the_history_of_a_dag_is_deleted_when_its_runs_have_ended(stage: Any, api: DAGApi) -> None:
    run_id = stage.begin("spare")
    api.delete_dag("spare")
    assert api.patch_dag("spare", DAG(is_paused=False)).is_active
    assert stage.client().get(f"/api/v1/dags/spare/dagRuns/{run_id}").status_code == 404
    stage.begin("chain")
    with pytest.raises(ApiException) as refused:
        api.delete_dag("chain")
    assert refused.value.status == 409
    api.patch_dag("chain", DAG(is_paused=False))
