"""Runs by the published client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import airflow_client.client as airflow
import pytest
from airflow_client.client.api.dag_run_api import DAGRunApi
from airflow_client.client.exceptions import ApiException, NotFoundException
from airflow_client.client.model.clear_dag_run import ClearDagRun
from airflow_client.client.model.dag_run import DAGRun
from airflow_client.client.model.list_dag_runs_form import ListDagRunsForm
from airflow_client.client.model.set_dag_run_note import SetDagRunNote
from airflow_client.client.model.update_dag_run_state import UpdateDagRunState


@pytest.fixture(scope="module")
def api(published: airflow.ApiClient) -> DAGRunApi:
    return DAGRunApi(published)


def test_a_run_is_read_and_listed(stage: Any, api: DAGRunApi) -> None:
    run_id = stage.begin("chain", conf={"n": 4}, note="mine")
    stage.finish(run_id)
    run = api.get_dag_run("chain", run_id)
    assert (run.dag_id, run.dag_run_id, run.conf, run.note) == ("chain", run_id, {"n": 4}, "mine")
    assert (run.state.value, run.run_type, run.external_trigger) == ("success", "manual", True)
    assert run.execution_date == run.logical_date
    assert run.data_interval_end <= run.logical_date
    assert run.start_date <= run.end_date
    assert run.last_scheduling_decision is None
    listed = api.get_dag_runs("chain", order_by="-execution_date", state=["success"], limit=1)
    assert listed.dag_runs[0].dag_run_id == run_id
    assert listed.total_entries >= 1
    assert set(api.get_dag_run("chain", run_id, fields=["state", "dag_id"]).to_dict()) == {"state", "dag_id"}


def test_runs_of_all_dags_are_narrowed_by_dates(stage: Any, api: DAGRunApi) -> None:
    first, second = stage.begin("empty"), stage.begin("chain")
    dates = [api.get_dag_run(dag_id, run).execution_date for dag_id, run in (("empty", first), ("chain", second))]
    found = api.get_dag_runs("~", execution_date_gte=dates[0], execution_date_lte=dates[1])
    assert [run.dag_run_id for run in found.dag_runs] == [first, second]
    assert found.total_entries == 2
    later = datetime.now(timezone.utc) + timedelta(days=1)
    for name in ("start_date_gte", "end_date_gte", "updated_at_gte"):
        assert api.get_dag_runs("~", **{name: later}).total_entries == 0
    for name in ("start_date_lte", "updated_at_lte"):
        assert api.get_dag_runs("~", **{name: later}).total_entries >= 2
    batch = ListDagRunsForm(
        dag_ids=["empty", "none"], execution_date_gte=dates[0], page_limit=1, order_by="-id", states=["success"]
    )
    assert [run.dag_id for run in api.get_dag_runs_batch(batch).dag_runs] == ["empty"]


def test_a_run_is_triggered_with_all_that_can_be_said(api: DAGRunApi) -> None:
    date = datetime(2026, 5, 1, tzinfo=timezone.utc)
    wanted = DAGRun(
        dag_run_id="for the auditors",
        logical_date=date,
        data_interval_start=date - timedelta(days=2),
        data_interval_end=date,
        conf={"n": 7},
        note="asked for",
    )
    made = api.post_dag_run("chain", wanted)
    assert (made.dag_run_id, made.conf, made.note, made.state.value) == (
        "for the auditors",
        {"n": 7},
        "asked for",
        "running",
    )
    assert (made.logical_date, made.data_interval_start) == (date, date - timedelta(days=2))
    with pytest.raises(ApiException) as refused:
        api.post_dag_run("chain", wanted)
    assert refused.value.status == 409
    with pytest.raises(NotFoundException):
        api.post_dag_run("none", DAGRun())
    assert api.post_dag_run("chain", DAGRun()).dag_run_id.startswith("manual__")


def test_a_run_is_marked_queued_noted_and_deleted(stage: Any, api: DAGRunApi) -> None:
    run_id = stage.begin("chain")
    with pytest.raises(ApiException) as refused:
        api.delete_dag_run("chain", run_id)
    assert refused.value.status == 409
    assert api.update_dag_run_state("chain", run_id, UpdateDagRunState(state="failed")).state.value == "failed"
    assert api.update_dag_run_state("chain", run_id, UpdateDagRunState(state="success")).state.value == "success"
    assert api.update_dag_run_state("chain", run_id, UpdateDagRunState(state="queued")).state.value == "queued"
    assert api.update_dag_run_state("chain", run_id, UpdateDagRunState(state="success")).state.value == "success"
    assert api.set_dag_run_note("chain", run_id, SetDagRunNote(note="done by hand")).note == "done by hand"
    assert api.set_dag_run_note("chain", run_id, SetDagRunNote(note="")).note is None
    api.delete_dag_run("chain", run_id)
    with pytest.raises(NotFoundException):
        api.get_dag_run("chain", run_id)


def test_a_run_is_cleared_and_shown_before(stage: Any, api: DAGRunApi) -> None:
    run_id = stage.begin("chain")
    stage.finish(run_id)
    shown = api.clear_dag_run("chain", run_id, ClearDagRun(dry_run=True))
    assert [each["task_id"] for each in shown["task_instances"]] == ["first", "middle", "last"]
    assert api.get_dag_run("chain", run_id).state.value == "success"
    assert api.clear_dag_run("chain", run_id, ClearDagRun(dry_run=False))["state"] == "queued"
    with pytest.raises(NotFoundException):
        api.clear_dag_run("chain", "none", ClearDagRun(dry_run=False))
