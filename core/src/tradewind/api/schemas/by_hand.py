"""Tasks that people clear and mark in several runs at once, in requests and answers, with what that comes to run by run."""

from __future__ import annotations

from marshmallow import fields, validate

from tradewind.api.fields import Flag, Instant, Name, Text, Whole
from tradewind.api.schemas.common import Query, Schema
from tradewind.operations.selecting import MOST_RUNS
from tradewind.transitions.marking import RUN_MARKS, TASK_MARKS

MOST_TASKS = 10_000
LONGEST_REASON = 1000


def _runs(*, is_required: bool = False) -> fields.List[str]:
    return fields.List(
        Name(),
        attribute="run_ids",
        required=is_required,
        validate=validate.Length(1, MOST_RUNS),
        metadata={"description": "In these runs; in all by default.", "example": ["manual__1"]},
    )


def _around(which: str) -> Flag:
    return Flag(metadata={"description": f"Also in runs {which} the one that is named.", "example": False})


def _indexes() -> fields.List[int]:
    return fields.List(
        Whole(smallest=-1),
        validate=validate.Length(1, MOST_TASKS),
        metadata={"description": "Only these instances of mapped tasks.", "example": [0]},
    )


def _dry_run() -> Flag:
    return Flag(load_default=True, metadata={"description": "Only tell what would be.", "example": True})


class ClearTasksBody(Schema):
    """Which tasks of a DAG are to run again, and in which runs."""

    task_ids = fields.List(
        Name(),
        validate=validate.Length(1, MOST_TASKS),
        metadata={"description": "These tasks; all by default.", "example": ["load"]},
    )
    map_indexes = _indexes()
    dag_run_ids = _runs()
    start_date = Instant(metadata={"description": "Only in runs with logical dates from this one on."})
    end_date = Instant(metadata={"description": "Only in runs with logical dates up to this one."})
    only_failed = Flag(
        metadata={"description": "Only what failed, or what a failure kept back.", "example": False},
    )
    include_upstream = Flag(metadata={"example": False})
    include_downstream = Flag(metadata={"example": False})
    include_past = _around("before")
    include_future = _around("after")
    only_this_dag = Flag(metadata={"description": "Do not go on where a marker leads to other DAGs.", "example": False})
    dry_run = _dry_run()


class ClearedRunSchema(Schema):
    """A run in which tasks run again, or would; nothing in it is cleared while some of them are running."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    state = fields.String(metadata={"example": "failed"})
    becomes = fields.String(metadata={"example": "queued"})
    running = fields.List(fields.String(), metadata={"example": []})
    number = fields.Integer(metadata={"description": "How many task instances change.", "example": 2})
    is_cleared = fields.Boolean(metadata={"description": "Whether that was done.", "example": True})
    is_left = fields.Boolean(
        metadata={"description": "Whether something that is running kept it back.", "example": False}
    )


class ClearedInstanceSchema(Schema):
    """A task instance that runs again, or would."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    task_id = fields.String(metadata={"example": "load"})
    map_index = fields.Integer(metadata={"example": -1})
    state = fields.String(metadata={"example": "failed"})
    effect = fields.String(metadata={"example": "runs again"})
    marked_by = fields.List(fields.String(), metadata={"example": []})


class ClearedTasksSchema(Schema):
    """What a clear does; `left_out` are runs from the time when their DAG was called otherwise, which cannot run again."""

    dag_runs = fields.List(fields.Nested(ClearedRunSchema), attribute="runs")
    task_instances = fields.List(fields.Nested(ClearedInstanceSchema), attribute="instances")
    left_out = fields.List(fields.String(), metadata={"example": []})


class MarkTasksBody(Schema):
    """How a task is to have ended, and in which runs."""

    task_id = Name(required=True, metadata={"example": "load"})
    new_state = fields.String(required=True, validate=validate.OneOf(TASK_MARKS), metadata={"example": "success"})
    dag_run_ids = _runs(is_required=True)
    map_indexes = _indexes()
    include_upstream = Flag(metadata={"example": False})
    include_downstream = Flag(metadata={"example": False})
    include_past = _around("before")
    include_future = _around("after")
    reason = Text(
        longest=LONGEST_REASON,
        metadata={"description": "What is kept beside the state.", "example": "loaded by hand"},
    )
    dry_run = _dry_run()


class MarkRunBody(Schema):
    """How a run is to have ended, with its tasks."""

    state = fields.String(required=True, validate=validate.OneOf(RUN_MARKS), metadata={"example": "success"})
    reason = Text(
        longest=LONGEST_REASON,
        metadata={"description": "What is kept beside the states.", "example": "done by hand"},
    )
    dry_run = _dry_run()


class MarkedRunSchema(Schema):
    """A run that a mark changes, or would."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    state = fields.String(metadata={"example": "failed"})
    becomes = fields.String(metadata={"example": "queued"})
    marked = fields.Integer(metadata={"description": "How many task instances are marked.", "example": 1})
    stopped = fields.Integer(metadata={"description": "How many of those are stopped.", "example": 0})
    again = fields.Integer(metadata={"description": "How many others run again.", "example": 2})


class MarkedInstanceSchema(Schema):
    """A task instance that a mark changes, or would."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    task_id = fields.String(metadata={"example": "load"})
    map_index = fields.Integer(metadata={"example": -1})
    state = fields.String(metadata={"example": "failed"})
    becomes = fields.String(metadata={"example": "success"})
    is_stopped = fields.Boolean(metadata={"example": False})


class MarkedTasksSchema(Schema):
    """What a mark does; runs in which nothing changes are left out."""

    dag_runs = fields.List(fields.Nested(MarkedRunSchema), attribute="runs")
    task_instances = fields.List(fields.Nested(MarkedInstanceSchema), attribute="instances")


class TaskIdsQuery(Query):
    """Of which runs of a DAG."""

    dag_run_ids = _runs()
    start_date = Instant(metadata={"description": "Only of runs with logical dates from this one on."})
    end_date = Instant(metadata={"description": "Only of runs with logical dates up to this one."})
    include_past = _around("before")
    include_future = _around("after")


class TaskIdsSchema(Schema):
    """The tasks that some runs of a DAG have, whatever its versions were."""

    task_ids = fields.List(fields.String(), metadata={"example": ["extract", "load"]})
