"""Task instances by the published client."""

from __future__ import annotations

from typing import Any

import airflow_client.client as airflow
import pytest
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import ApiException, NotFoundException
from airflow_client.client.model.clear_task_instances import ClearTaskInstances
from airflow_client.client.model.list_task_instance_form import ListTaskInstanceForm
from airflow_client.client.model.set_task_instance_note import SetTaskInstanceNote
from airflow_client.client.model.task_state import TaskState
from airflow_client.client.model.update_task_instance import UpdateTaskInstance
from airflow_client.client.model.update_task_instances_state import UpdateTaskInstancesState
from airflow_client.client.model.update_task_state import UpdateTaskState


@pytest.fixture(scope="module")
def api(published: airflow.ApiClient) -> TaskInstanceApi:
    return TaskInstanceApi(published)


@pytest.fixture(scope="module")
def dags(published: airflow.ApiClient) -> DAGApi:
    return DAGApi(published)


def test_a_task_instance_has_all_fields(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    running = api.get_task_instance("chain", run_id, "first")
    assert (running.state.value, running.try_number, running.hostname, running.operator) == (
        "running",
        1,
        "h",
        "DecoratedOperator",
    )
    assert (running.duration, running.end_date, running.map_index, running.max_tries) == (None, None, -1, 2)
    stage.end(ticket)
    ended = api.get_task_instance("chain", run_id, "first")
    assert (ended.state.value, ended.pool, ended.queue, ended.executor) == (
        "success",
        "default_pool",
        "default",
        "LocalExecutor",
    )
    assert ended.duration >= 0
    assert (ended.note, ended.rendered_fields, ended.rendered_map_index, ended.task_display_name) == (
        None,
        {},
        None,
        "first",
    )
    assert api.get_task_instance("chain", run_id, "last").state is None
    with pytest.raises(NotFoundException):
        api.get_task_instance("chain", run_id, "none")


def test_task_instances_are_listed_and_narrowed(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    stage.finish(run_id, ["success", "failed"])
    listed = api.get_task_instances("chain", run_id)
    assert [each.task_id for each in listed.task_instances] == ["first", "middle", "last"]
    assert listed.total_entries == 3
    assert api.get_task_instances("chain", run_id, state=["failed", "upstream_failed"]).total_entries == 2
    assert api.get_task_instances("chain", run_id, pool=["other"]).total_entries == 0
    assert api.get_task_instances("chain", run_id, executor=["LocalExecutor"], queue=["default"]).total_entries == 3
    assert api.get_task_instances("chain", run_id, duration_gte=0.0, duration_lte=600.0).total_entries == 2
    date = listed.task_instances[0].execution_date
    everywhere = api.get_task_instances("~", "~", execution_date_gte=date, execution_date_lte=date, limit=2, offset=1)
    assert [each.task_id for each in everywhere.task_instances] == ["middle", "last"]
    assert everywhere.total_entries == 3
    form = ListTaskInstanceForm(
        dag_ids=["chain"], dag_run_ids=[run_id], task_ids=["middle"], state=[TaskState("failed")]
    )
    assert [each.task_id for each in api.get_task_instances_batch(form).task_instances] == ["middle"]


def test_instances_of_a_mapped_task(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("mapped")
    stage.finish(run_id)
    listed = api.get_mapped_task_instances("mapped", run_id, "square", order_by="-map_index")
    assert [each.map_index for each in listed.task_instances] == [2, 1, 0]
    assert api.get_mapped_task_instance("mapped", run_id, "square", 1).map_index == 1
    assert api.get_mapped_task_instance_tries("mapped", run_id, "square", 1).total_entries == 1
    assert api.get_mapped_task_instance_try_details("mapped", run_id, "square", 1, 1).state.value == "success"
    assert api.get_mapped_task_instance_dependencies("mapped", run_id, "square", 1).dependencies == []
    noted = api.set_mapped_task_instance_note("mapped", run_id, "square", 1, SetTaskInstanceNote(note="the second"))
    assert (noted.note, noted.map_index) == ("the second", 1)
    change = UpdateTaskInstance(new_state=UpdateTaskState("failed"), dry_run=False)
    assert (
        api.patch_mapped_task_instance("mapped", run_id, "square", 2, update_task_instance=change).task_id == "square"
    )
    states = [each.state.value for each in api.get_mapped_task_instances("mapped", run_id, "square").task_instances]
    assert states == ["success", "success", "failed"]
    for asked in ("mapped", "chain"):
        with pytest.raises(NotFoundException):
            api.get_task_instance(asked, run_id, "square")


def test_tries_are_told_one_by_one(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    stage.end(ticket, "failed")
    tries = api.get_task_instance_tries("chain", run_id, "first")
    assert [(each.try_number, each.state.value) for each in tries.task_instances] == [(1, "failed")]
    stage.release()
    stage.start(run_id)
    tries = api.get_task_instance_tries("chain", run_id, "first", order_by="-try_number")
    assert [(each.try_number, each.state.value) for each in tries.task_instances] == [(2, "running"), (1, "failed")]
    assert api.get_task_instance_try_details("chain", run_id, "first", 1).end_date is not None
    with pytest.raises(NotFoundException):
        api.get_task_instance_try_details("chain", run_id, "first", 3)


def test_what_an_instance_waits_for_and_where_it_leads(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    (waits,) = api.get_task_instance_dependencies("chain", run_id, "last").dependencies
    assert waits["name"] == "Trigger Rule"
    assert "'middle' (not decided yet)" in waits["reason"]
    assert api.get_extra_links("chain", run_id, "last").to_dict() == {}


def test_one_instance_is_marked_and_noted(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    shown = api.patch_task_instance("chain", run_id, "first", UpdateTaskInstance(new_state=UpdateTaskState("failed")))
    assert (shown.task_id, shown.dag_run_id) == ("first", run_id)
    assert api.get_task_instance("chain", run_id, "first").state.value == "scheduled"
    change = UpdateTaskInstance(new_state=UpdateTaskState("failed"), dry_run=False)
    api.patch_task_instance("chain", run_id, "first", change)
    assert api.get_task_instance("chain", run_id, "first").state.value == "failed"
    assert api.set_task_instance_note("chain", run_id, "first", SetTaskInstanceNote(note="mine")).note == "mine"


def test_several_instances_are_marked(stage: Any, api: TaskInstanceApi, dags: DAGApi) -> None:
    run_id = stage.begin("chain")
    how = {"task_id": "middle", "dag_run_id": run_id, "new_state": UpdateTaskState("success"), "include_upstream": True}
    shown = dags.post_set_task_instances_state("chain", UpdateTaskInstancesState(**how))
    assert [each["task_id"] for each in shown.task_instances] == ["first", "middle"]
    dags.post_set_task_instances_state("chain", UpdateTaskInstancesState(**how, dry_run=False))
    states = [each.state for each in api.get_task_instances("chain", run_id).task_instances]
    assert [each and each.value for each in states] == ["success", "success", "scheduled"]
    with pytest.raises(ApiException) as refused:
        dags.post_set_task_instances_state(
            "chain", UpdateTaskInstancesState(task_id="middle", new_state=UpdateTaskState("success"))
        )
    assert refused.value.status == 400


def test_what_failed_is_cleared_with_what_is_below(stage: Any, api: TaskInstanceApi, dags: DAGApi) -> None:
    run_id = stage.begin("chain")
    stage.finish(run_id, ["success", "failed"])
    how = {"dag_run_id": run_id, "task_ids": ["middle"], "include_downstream": True}
    shown = dags.post_clear_task_instances("chain", ClearTaskInstances(**how))
    assert [each["task_id"] for each in shown.task_instances] == ["middle", "last"]
    dags.post_clear_task_instances("chain", ClearTaskInstances(**how, dry_run=False))
    states = [each.state for each in api.get_task_instances("chain", run_id).task_instances]
    assert [each and each.value for each in states] == ["success", None, None]
