"""Task instances, their tries and their logs."""

from __future__ import annotations

from tradewind.api import rendering
from tradewind.api.route import Route
from tradewind.api.routes.runs import RUN
from tradewind.api.schemas.by_hand import (
    ClearedTasksSchema,
    ClearTasksBody,
    MarkedTasksSchema,
    MarkTasksBody,
    TaskIdsQuery,
    TaskIdsSchema,
)
from tradewind.api.schemas.logs import LastLogQuery, LogPartSchema, LogQuery, LogSchema
from tradewind.api.schemas.runs import NoteBody
from tradewind.api.schemas.task_instances import (
    ClearBody,
    DependencyCollection,
    InstanceCollection,
    InstanceListForm,
    InstanceListQuery,
    InstanceSchema,
    LinkSchema,
    MappedListQuery,
    MarkBody,
    MarkManyBody,
    ReferenceCollection,
    ReferenceSchema,
    TryListQuery,
)
from tradewind.operations.task_instances import changing, clearing, logs, marking, reading, waiting

INSTANCES = f"{RUN}/taskInstances"
INSTANCE = f"{INSTANCES}/{{task_id}}"
MAPPED = f"{INSTANCE}/{{map_index}}"

READING = (
    Route(
        "GET",
        INSTANCES,
        reading.list_instances,
        query=InstanceListQuery,
        answer=InstanceCollection,
        name="get_task_instances",
    ),
    Route(
        "POST",
        "/dags/~/dagRuns/~/taskInstances/list",
        reading.list_instances_batch,
        body=InstanceListForm,
        answer=InstanceCollection,
        name="get_task_instances_batch",
    ),
    Route(
        "GET",
        f"{INSTANCE}/listMapped",
        reading.list_mapped,
        query=MappedListQuery,
        answer=InstanceCollection,
        name="get_mapped_task_instances",
    ),
    Route("GET", INSTANCE, reading.get_instance, answer=InstanceSchema, name="get_task_instance"),
    Route("GET", MAPPED, reading.get_instance, answer=InstanceSchema, name="get_mapped_task_instance"),
)
TRIES = tuple(
    route
    for path, prefix in ((INSTANCE, "get_task_instance"), (MAPPED, "get_mapped_task_instance"))
    for route in (
        Route(
            "GET",
            f"{path}/tries",
            reading.list_tries,
            query=TryListQuery,
            answer=InstanceCollection,
            name=f"{prefix}_tries",
        ),
        Route(
            "GET",
            f"{path}/tries/{{task_try_number}}",
            reading.get_try,
            answer=InstanceSchema,
            name=f"{prefix}_try_details",
        ),
    )
)
ABOUT_ONE = tuple(
    route
    for path, kind in ((INSTANCE, "task_instance"), (MAPPED, "mapped_task_instance"))
    for route in (
        Route(
            "GET",
            f"{path}/dependencies",
            waiting.list_dependencies,
            answer=DependencyCollection,
            name=f"get_{kind}_dependencies",
        ),
        Route("PATCH", path, changing.mark_instance, body=MarkBody, answer=ReferenceSchema, name=f"patch_{kind}"),
        Route(
            "PATCH",
            f"{path}/setNote",
            changing.note_instance,
            body=NoteBody,
            answer=InstanceSchema,
            name=f"set_{kind}_note",
        ),
    )
)
CHANGING = (
    Route("GET", f"{INSTANCE}/links", waiting.list_links, answer=LinkSchema, name="get_extra_links"),
    Route(
        "POST",
        "/dags/{dag_id}/clearTaskInstances",
        changing.clear_instances,
        body=ClearBody,
        answer=ReferenceCollection,
        name="post_clear_task_instances",
    ),
    Route(
        "POST",
        "/dags/{dag_id}/updateTaskInstancesState",
        changing.mark_instances,
        body=MarkManyBody,
        answer=ReferenceCollection,
        name="post_set_task_instances_state",
    ),
)
BY_HAND = (
    Route("GET", "/dags/{dag_id}/taskIds", clearing.list_task_ids, query=TaskIdsQuery, answer=TaskIdsSchema),
    Route("POST", "/dags/{dag_id}/clearTasks", clearing.clear_tasks, body=ClearTasksBody, answer=ClearedTasksSchema),
    Route("POST", "/dags/{dag_id}/markTasks", marking.mark_tasks, body=MarkTasksBody, answer=MarkedTasksSchema),
)
LOGS = (
    Route("GET", f"{INSTANCE}/log", logs.read_last_log, query=LastLogQuery, answer=LogPartSchema),
    Route(
        "GET",
        f"{INSTANCE}/logs/{{task_try_number}}",
        logs.read_log,
        query=LogQuery,
        answer=LogSchema,
        render=rendering.log,
        text=lambda body: str(body["content"]),  # for the document: what is written is not in memory as a whole
        name="get_log",
    ),
)
ROUTES = (*READING, *TRIES, *ABOUT_ONE, *CHANGING, *BY_HAND, *LOGS)
