"""DAGs, their tasks, and the files they come from."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.dags import (
    DagChange,
    DagChangeQuery,
    DagCollection,
    DagDetailQuery,
    DagDetailSchema,
    DagListQuery,
    DagQuery,
    DagsChangeQuery,
    DagSchema,
    SourceSchema,
    StatsCollection,
    StatsQuery,
)
from tradewind.api.schemas.drawings import DagDependencyCollection, DagDependencyListQuery, DrawingQuery, DrawingSchema
from tradewind.api.schemas.tasks import TaskCollection, TaskListQuery, TaskSchema
from tradewind.operations import dag_sources
from tradewind.operations.dags import changing, deleting, dependencies, drawing, reading

DAG = "/dags/{dag_id}"

ROUTES = (
    Route("GET", "/dags", reading.list_dags, query=DagListQuery, answer=DagCollection, name="get_dags"),
    Route(
        "PATCH",
        "/dags",
        changing.change_dags,
        query=DagsChangeQuery,
        body=DagChange,
        answer=DagCollection,
        name="patch_dags",
    ),
    Route("GET", DAG, reading.get_dag, query=DagQuery, answer=DagSchema),
    Route("GET", f"{DAG}/details", reading.get_dag_details, query=DagDetailQuery, answer=DagDetailSchema),
    Route("PATCH", DAG, changing.change_dag, query=DagChangeQuery, body=DagChange, answer=DagSchema, name="patch_dag"),
    Route("DELETE", DAG, deleting.delete_dag, status=204),
    Route("GET", f"{DAG}/tasks", reading.list_tasks, query=TaskListQuery, answer=TaskCollection, name="get_tasks"),
    Route("GET", f"{DAG}/tasks/{{task_id}}", reading.get_task, answer=TaskSchema),
    Route(
        "GET",
        f"{DAG}/drawing",
        drawing.draw_dag,
        query=DrawingQuery,
        answer=DrawingSchema,
        text=lambda body: str(body["content"]),
    ),
    Route(
        "GET",
        "/dagDependencies",
        dependencies.list_dependencies,
        query=DagDependencyListQuery,
        answer=DagDependencyCollection,
        name="list_dag_dependencies",
    ),
    Route("GET", "/dagStats", reading.count_runs, query=StatsQuery, answer=StatsCollection, name="get_dag_stats"),
    Route(
        "GET",
        "/dagSources/{file_token}",
        dag_sources.get_source,
        answer=SourceSchema,
        text=lambda body: str(body["content"]),
        name="get_dag_source",
    ),
    Route("PUT", "/parseDagFile/{file_token}", dag_sources.parse_file, status=201, name="reparse_dag_file"),
)
