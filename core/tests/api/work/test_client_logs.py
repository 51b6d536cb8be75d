"""Logs and XComs by the published client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import airflow_client.client as airflow
import pytest
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.api.x_com_api import XComApi
from airflow_client.client.exceptions import NotFoundException
from tradewind.operations.task_instances import logs
from tradewind.plugins.xcoms import open_xcom_storage
from tradewind.transitions.values import XComValue

LINES = "".join(f"line {number} – ä\n" for number in range(20_000))


@pytest.fixture(scope="module")
def api(published: airflow.ApiClient) -> TaskInstanceApi:
    return TaskInstanceApi(published)


@pytest.fixture(scope="module")
def xcoms(published: airflow.ApiClient) -> XComApi:
    return XComApi(published)


def test_a_log_is_read_in_parts_and_as_a_whole(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    stage.log(ticket, LINES.encode())
    parts, token = [], {}
    while not parts or parts[-1]:
        answer = api.get_log("chain", run_id, "first", 1, **token)
        parts.append(answer.content)
        token = {"token": answer.continuation_token}
    assert "".join(parts) == LINES
    assert len(parts) == 3
    assert all(part.endswith("\n") for part in parts[:-1])
    assert api.get_log("chain", run_id, "first", 1, full_content=True).content == LINES
    assert api.get_log("chain", run_id, "first", 2).content == ""
    with pytest.raises(NotFoundException):
        api.get_log("chain", "none", "first", 1)


def test_a_whole_log_is_never_in_memory(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    stage.log(ticket, b"x" * 1000 + "ä".encode() * 1000)
    monkeypatch.setattr(logs, "PAGE", 7)
    url = f"/api/v1/dags/chain/dagRuns/{run_id}/taskInstances/first/logs/1"
    with stage.client() as client:
        streamed = client.get(url, headers={"Accept": "text/plain"}, buffered=False)
        pieces = [piece.decode() for piece in streamed.iter_encoded()]
    assert "".join(pieces) == "x" * 1000 + "ä" * 1000
    assert max(map(len, pieces)) <= 7
    whole = client.get(url, query_string={"full_content": "true"})
    assert json.loads(whole.data)["content"] == "x" * 1000 + "ä" * 1000
    assert client.get(url, query_string={"token": "../../etc/passwd"}).json["fields"].keys() == {"token"}
    assert client.get(url, query_string={"token": "7.7"}).json["content"] == ""


def test_the_log_of_one_instance_of_a_mapped_task(stage: Any, api: TaskInstanceApi) -> None:
    run_id = stage.begin("mapped")
    tickets = stage.start(run_id)
    for ticket in tickets:
        stage.log(ticket, f"instance {ticket.map_index}\n".encode())
    assert api.get_log("mapped", run_id, "square", 1, map_index=1).content == "instance 1\n"
    with pytest.raises(NotFoundException):
        api.get_log("mapped", run_id, "square", 1)


def value(key: str, what: Any, *, storage: str | None = None) -> XComValue:
    text = json.dumps(what)
    return XComValue(key, None if storage else text, type(what).__name__, len(text), None, storage=storage)


def test_xcoms_are_listed_and_read(stage: Any, xcoms: XComApi) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    stage.end(ticket, xcoms=(value("return_value", {"a": [1, None]}), value("other", "text")))
    listed = xcoms.get_xcom_entries("chain", run_id, "first")
    assert [each.key for each in listed.xcom_entries] == ["other", "return_value"]
    assert listed.total_entries == 2
    assert xcoms.get_xcom_entries("~", run_id, "~", xcom_key="other", limit=1).total_entries == 1
    assert xcoms.get_xcom_entries("chain", run_id, "first", map_index=0).total_entries == 0
    assert xcoms.get_xcom_entry("chain", run_id, "first", "return_value").value == "{'a': [1, None]}"
    native = xcoms.get_xcom_entry("chain", run_id, "first", "return_value", stringify=False, deserialize=True)
    assert native.value == {"a": [1, None]}
    assert native.map_index == -1
    with pytest.raises(NotFoundException):
        xcoms.get_xcom_entry("chain", run_id, "first", "none")


def test_a_large_xcom_comes_from_the_storage(stage: Any, xcoms: XComApi, tmp_path: Path) -> None:
    plugins = stage.tools.config.plugins
    storage = open_xcom_storage(plugins.xcom_storage, plugins.xcom_location)
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    reference = storage.put(f"instance={ticket.instance}/token=1/return_value.json", json.dumps([1, 2]).encode())
    stage.end(ticket, xcoms=(value("return_value", [1, 2], storage=reference),))
    assert xcoms.get_xcom_entry("chain", run_id, "first", "return_value", stringify=False).value == [1, 2]
    storage.delete(reference)
    with pytest.raises(NotFoundException):
        xcoms.get_xcom_entry("chain", run_id, "first", "return_value")


def test_an_xcom_in_a_storage_that_is_named_no_more_says_so(stage: Any, xcoms: XComApi) -> None:
    run_id = stage.begin("chain")
    (ticket,) = stage.start(run_id)
    reference = f"@lake/instance={ticket.instance}/token=1/return_value.json"
    stage.end(ticket, xcoms=(value("return_value", [1, 2], storage=reference),))
    with pytest.raises(NotFoundException) as failed:
        xcoms.get_xcom_entry("chain", run_id, "first", "return_value", stringify=False)
    assert "in the storage 'lake', which plugins.xcom_storages does not name" in str(failed.value.body)


def test_xcoms_of_all_dags_are_those_that_one_may_see(stage: Any) -> None:
    run_id = stage.begin("chain")
    stage.finish(run_id, xcoms=[value("k", 1)])
    needs = ("can_read", "Task Instances"), ("can_read", "XComs"), ("can_read", "DAG Runs")
    url = "/api/v1/dags/~/dagRuns/~/taskInstances/~/xcomEntries"
    seen = stage.client(("can_read", "DAG:chain"), *needs).get(url).json
    assert {each["dag_id"] for each in seen["xcom_entries"]} == {"chain"}
    assert stage.client(("can_read", "DAG:empty"), *needs).get(url).json["total_entries"] == 0
