"""Datasets by the REST API."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import airflow_client.client as airflow
import pytest
from airflow_client.client.api import dataset_api
from airflow_client.client.exceptions import NotFoundException
from airflow_client.client.model.create_dataset_event import CreateDatasetEvent
from flask.testing import FlaskClient
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import asset_pages
from tradewind.transitions import assets as transitions

URL = "/api/v1"
RAW, OTHER = "s3://bucket/raw", "s3://bucket/other"
LATER = datetime.now(timezone.utc) + timedelta(days=1)


@pytest.fixture(autouse=True)
def empty_queues(stage: Any) -> None:
    """Each test begins with nothing that waits."""
    stage.tools.database.write(asset_pages.forget_waiting)


def tell(client: FlaskClient, uri: str = RAW, **extra: Any) -> dict[str, Any]:
    answer = client.post(f"{URL}/datasets/events", json={"dataset_uri": uri, "extra": extra})
    assert answer.status_code == 200, answer.text
    return answer.json


def make_run(stage: Any, dag_id: str) -> None:
    clock = stage.tools.clock
    made = stage.tools.database.write(
        lambda c: transitions.make_run(
            c,
            dag_id,
            graphs=stage.tools.graphs,
            clock=clock,
            ids=RandomIds(clock.now),
            executor="LocalExecutor",
            queue="default",
        )
    )
    assert made is not None


def test_the_published_client_works_on_datasets(published: airflow.ApiClient) -> None:
    api = dataset_api.DatasetApi(published)
    found = api.get_datasets(limit=10, offset=0, order_by="-uri", uri_pattern="BUCKET", dag_ids="consumer,patient")
    assert ([each.uri for each in found.datasets], found.total_entries) == ([RAW, OTHER], 2)
    raw = api.get_dataset(RAW)
    assert [each.dag_id for each in raw.consuming_dags] == ["consumer", "patient"]
    assert [(each.dag_id, each.task_id) for each in raw.producing_tasks] == [("producer", "make")]
    assert raw.extra == {"team": "sales"}
    assert api.get_datasets(uri_pattern="nothing").total_entries == 0
    assert api.get_datasets(dag_ids="chain").total_entries == 0
    with pytest.raises(NotFoundException):
        api.get_dataset("s3://bucket/none")


def test_the_published_client_tells_of_new_data_and_reads_what_it_made(
    published: airflow.ApiClient, stage: Any
) -> None:
    api = dataset_api.DatasetApi(published)
    told = api.create_dataset_event(CreateDatasetEvent(dataset_uri=RAW, extra={"rows": 3}))
    assert (told.dataset_uri, told.extra) == (RAW, {"rows": 3, "from_rest_api": True})
    queued = api.get_dataset_queued_events(RAW)
    assert ([each["dag_id"] for each in queued.queued_events], queued.total_entries) == (["consumer", "patient"], 2)
    assert api.get_dag_dataset_queued_event("consumer", RAW).uri == RAW
    assert api.get_dag_dataset_queued_events("patient").total_entries == 1
    make_run(stage, "consumer")
    events = api.get_dataset_events(dataset_id=told.dataset_id, order_by="-timestamp", limit=1)
    run = events.dataset_events[0].created_dagruns[0]
    assert (run.dag_id, run.run_id.partition("__")[0]) == ("consumer", "asset_triggered")
    upstream = api.get_upstream_dataset_events("consumer", run.run_id)
    assert [each.extra["rows"] for each in upstream.dataset_events] == [3]
    assert api.get_dataset_events(source_dag_id="producer").total_entries == 0
    with pytest.raises(NotFoundException):
        api.get_upstream_dataset_events("consumer", "none")


def test_the_published_client_forgets_what_waits(published: airflow.ApiClient, client: FlaskClient) -> None:
    api = dataset_api.DatasetApi(published)
    tell(client)
    api.delete_dag_dataset_queued_event("consumer", RAW)
    with pytest.raises(NotFoundException):
        api.get_dag_dataset_queued_event("consumer", RAW)
    api.delete_dag_dataset_queued_events("patient", before=LATER)
    tell(client)
    api.delete_dataset_queued_events(RAW)
    with pytest.raises(NotFoundException):
        api.get_dataset_queued_events(RAW)
    with pytest.raises(NotFoundException):
        api.delete_dag_dataset_queued_events("patient")


def test_an_event_by_the_api_makes_what_a_tasks_would(client: FlaskClient, stage: Any) -> None:
    tell(client)
    tell(client, OTHER)
    make_run(stage, "patient")
    assert client.get(f"{URL}/dags/patient/datasets/queuedEvent").status_code == 404


@pytest.mark.parametrize("uri", [RAW, quote(RAW, safe=""), quote(RAW)])
def test_slashes_of_a_uri_may_be_encoded_or_not(client: FlaskClient, uri: str) -> None:
    assert client.get(f"{URL}/datasets/{uri}").json["uri"] == RAW
    tell(client)
    assert client.get(f"{URL}/datasets/queuedEvent/{uri}").json["total_entries"] == 2
    assert client.get(f"{URL}/dags/consumer/datasets/queuedEvent/{uri}").json["uri"] == RAW


def test_what_came_earlier_is_told_apart(client: FlaskClient) -> None:
    tell(client)
    early = "2026-01-01T00:00:00Z"
    assert client.get(f"{URL}/datasets/queuedEvent/{RAW}?before={early}").status_code == 404
    assert client.delete(f"{URL}/dags/consumer/datasets/queuedEvent?before={early}").status_code == 404
    assert client.get(f"{URL}/dags/consumer/datasets/queuedEvent").json["total_entries"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "dataset_uri"),
        ({"dataset_uri": 3}, "dataset_uri"),
        ({"dataset_uri": "s3://\x00"}, "dataset_uri"),
        ({"dataset_uri": "s3://" + "x" * 3000}, "dataset_uri"),
        ({"dataset_uri": RAW, "extra": "text"}, "extra"),
        ({"dataset_uri": RAW, "timestamp": "now"}, "timestamp"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, body: dict[str, object], field: str) -> None:
    refused = client.post(f"{URL}/datasets/events", json=body)
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])


@pytest.mark.parametrize(
    "query", ["datasets?order_by=extra", "datasets/events?dataset_id=x", "datasets/events?order_by=no",
              f"datasets/events?dataset_id={10**30}", "datasets/queuedEvent/a?before=yesterday", "datasets?uri_pattern=%00"]
)  # fmt: skip
def test_queries_that_do_not_fit_are_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"{URL}/{query}").status_code == 400


def test_deep_and_unknown_events_are_refused(client: FlaskClient) -> None:
    deep: Any = {}
    for _ in range(60):
        deep = {"a": deep}
    assert client.post(f"{URL}/datasets/events", json={"dataset_uri": RAW, "extra": deep}).status_code == 400
    assert client.post(f"{URL}/datasets/events", json={"dataset_uri": "s3://none"}).status_code == 404


def test_what_each_takes(stage: Any) -> None:
    reader = stage.client(("can_read", "Datasets"))
    assert reader.get(f"{URL}/datasets").status_code == 200
    assert reader.post(f"{URL}/datasets/events", json={"dataset_uri": RAW}).status_code == 403
    assert reader.get(f"{URL}/dags/consumer/datasets/queuedEvent").status_code == 403
    assert reader.delete(f"{URL}/datasets/queuedEvent/{RAW}").status_code == 403


def test_reading_takes_the_same_statements_whatever_there_is(stage: Any, client: FlaskClient, statements: Any) -> None:
    for _ in range(5):
        tell(client)
    for path, most in (("datasets", 3), ("datasets/events", 3), (f"datasets/queuedEvent/{RAW}", 1)):
        with statements.recorded(stage.tools.database) as recorded:
            assert client.get(f"{URL}/{path}").status_code == 200
        recorded.assert_at_most(most)
