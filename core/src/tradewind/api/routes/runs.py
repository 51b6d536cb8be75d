"""Runs."""

from __future__ import annotations

from tradewind.api.rendering import as_json
from tradewind.api.route import Route
from tradewind.api.schemas.by_hand import MarkedTasksSchema, MarkRunBody
from tradewind.api.schemas.runs import (
    ClearRunBody,
    IdempotencyHeaders,
    NoteBody,
    RunBody,
    RunChange,
    RunCollection,
    RunListForm,
    RunListQuery,
    RunQuery,
    RunSchema,
)
from tradewind.api.schemas.task_instances import ClearRunAnswer, ReferenceCollection
from tradewind.operations.runs import changing, marking, reading, triggering

RUNS = "/dags/{dag_id}/dagRuns"
RUN = f"{RUNS}/{{dag_run_id}}"

ROUTES = (
    Route("GET", RUNS, reading.list_runs, query=RunListQuery, answer=RunCollection, name="get_dag_runs"),
    Route(
        "POST",
        "/dags/~/dagRuns/list",
        reading.list_runs_batch,
        body=RunListForm,
        answer=RunCollection,
        name="get_dag_runs_batch",
    ),
    Route("GET", RUN, reading.get_run, query=RunQuery, answer=RunSchema, name="get_dag_run"),
    Route(
        "POST",
        RUNS,
        triggering.trigger_run,
        headers=IdempotencyHeaders,
        body=RunBody,
        answer=RunSchema,
        name="post_dag_run",
    ),
    Route("PATCH", RUN, changing.mark_run, body=RunChange, answer=RunSchema, name="update_dag_run_state"),
    Route("POST", f"{RUN}/mark", marking.mark_whole_run, body=MarkRunBody, answer=MarkedTasksSchema),
    Route("DELETE", RUN, changing.delete_run, status=204, name="delete_dag_run"),
    Route(
        "POST",
        f"{RUN}/clear",
        changing.clear_run,
        body=ClearRunBody,
        answer=ClearRunAnswer,
        render=lambda found: as_json(ReferenceCollection if isinstance(found, list) else RunSchema, found),
        name="clear_dag_run",
    ),
    Route("PATCH", f"{RUN}/setNote", changing.note_run, body=NoteBody, answer=RunSchema, name="set_dag_run_note"),
)
