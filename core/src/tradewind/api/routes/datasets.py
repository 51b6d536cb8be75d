"""Datasets, which Airflow 3 calls assets."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.datasets import (
    BeforeQuery,
    DatasetCollection,
    DatasetEventBody,
    DatasetEventCollection,
    DatasetEventListQuery,
    DatasetListQuery,
    DatasetSchema,
    QueuedEventCollection,
    QueuedEventSchema,
    ToldEventSchema,
    WatcherCollection,
    WatcherListQuery,
)
from tradewind.operations.datasets import changing, reading

_OF_DAG = "/dags/{dag_id}/datasets/queuedEvent"
_OF_DATASET = "/datasets/queuedEvent/{uri}"

ROUTES = (
    Route(
        "GET",
        "/datasets",
        reading.list_datasets,
        query=DatasetListQuery,
        answer=DatasetCollection,
        name="get_datasets",
    ),
    Route(
        "GET",
        "/datasets/events",
        reading.list_dataset_events,
        query=DatasetEventListQuery,
        answer=DatasetEventCollection,
        name="get_dataset_events",
    ),
    Route("POST", "/datasets/events", changing.create_dataset_event, body=DatasetEventBody, answer=ToldEventSchema),
    Route(
        "GET",
        _OF_DATASET,
        reading.list_queued_events,
        query=BeforeQuery,
        answer=QueuedEventCollection,
        name="get_dataset_queued_events",
    ),
    Route(
        "DELETE",
        _OF_DATASET,
        changing.delete_queued_events,
        query=BeforeQuery,
        status=204,
        name="delete_dataset_queued_events",
    ),
    Route("GET", "/watchers", reading.list_watchers, query=WatcherListQuery, answer=WatcherCollection),
    Route("GET", "/datasets/{uri}", reading.get_dataset, answer=DatasetSchema),
    Route(
        "GET",
        _OF_DAG,
        reading.list_queued_events_of_dag,
        query=BeforeQuery,
        answer=QueuedEventCollection,
        name="get_dag_dataset_queued_events",
    ),
    Route(
        "DELETE",
        _OF_DAG,
        changing.delete_queued_events_of_dag,
        query=BeforeQuery,
        status=204,
        name="delete_dag_dataset_queued_events",
    ),
    Route(
        "GET",
        f"{_OF_DAG}/{{uri}}",
        reading.get_queued_event_of_dag,
        query=BeforeQuery,
        answer=QueuedEventSchema,
        name="get_dag_dataset_queued_event",
    ),
    Route(
        "DELETE",
        f"{_OF_DAG}/{{uri}}",
        changing.delete_queued_events_of_dag,
        query=BeforeQuery,
        status=204,
        name="delete_dag_dataset_queued_event",
    ),
    Route(
        "GET",
        "/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamDatasetEvents",
        reading.list_events_of_run,
        answer=DatasetEventCollection,
        name="get_upstream_dataset_events",
    ),
)
