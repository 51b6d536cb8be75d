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
from tradewind.operations import datasets

_OF_DAG = "/dags/{dag_id}/datasets/queuedEvent"
_OF_DATASET = "/datasets/queuedEvent/{uri}"

ROUTES = (
    Route(
        "GET",
        "/datasets",
        datasets.list_datasets,
        query=DatasetListQuery,
        answer=DatasetCollection,
        name="get_datasets",
    ),
    Route(
        "GET",
        "/datasets/events",
        datasets.list_dataset_events,
        query=DatasetEventListQuery,
        answer=DatasetEventCollection,
        name="get_dataset_events",
    ),
    Route("POST", "/datasets/events", datasets.create_dataset_event, body=DatasetEventBody, answer=ToldEventSchema),
    Route(
        "GET",
        _OF_DATASET,
        datasets.list_queued_events,
        query=BeforeQuery,
        answer=QueuedEventCollection,
        name="get_dataset_queued_events",
    ),
    Route(
        "DELETE",
        _OF_DATASET,
        datasets.delete_queued_events,
        query=BeforeQuery,
        status=204,
        name="delete_dataset_queued_events",
    ),
    Route("GET", "/watchers", datasets.list_watchers, query=WatcherListQuery, answer=WatcherCollection),
    Route("GET", "/datasets/{uri}", datasets.get_dataset, answer=DatasetSchema),
    Route(
        "GET",
        _OF_DAG,
        datasets.list_queued_events_of_dag,
        query=BeforeQuery,
        answer=QueuedEventCollection,
        name="get_dag_dataset_queued_events",
    ),
    Route(
        "DELETE",
        _OF_DAG,
        datasets.delete_queued_events_of_dag,
        query=BeforeQuery,
        status=204,
        name="delete_dag_dataset_queued_events",
    ),
    Route(
        "GET",
        f"{_OF_DAG}/{{uri}}",
        datasets.get_queued_event_of_dag,
        query=BeforeQuery,
        answer=QueuedEventSchema,
        name="get_dag_dataset_queued_event",
    ),
    Route(
        "DELETE",
        f"{_OF_DAG}/{{uri}}",
        datasets.delete_queued_events_of_dag,
        query=BeforeQuery,
        status=204,
        name="delete_dag_dataset_queued_event",
    ),
    Route(
        "GET",
        "/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamDatasetEvents",
        datasets.list_events_of_run,
        answer=DatasetEventCollection,
        name="get_upstream_dataset_events",
    ),
)
