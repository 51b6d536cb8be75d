"""Task instances and their tries."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes.runs import RUN
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
from tradewind.operations.task_instances import changing, reading, waiting

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
ROUTES = (*READING, *TRIES, *ABOUT_ONE, *CHANGING)
