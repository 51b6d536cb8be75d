"""Backfills, holds, drains, daemons, priorities and reasons in requests and answers."""

from __future__ import annotations

from marshmallow import fields, validate

from tradewind.api.fields import LARGEST, Flag, Instant, Json, JsonObject, Name, Text, Whole
from tradewind.api.parameters import LARGEST_ID
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection
from tradewind.transitions.backfills import CANCELLED, NONE, PAUSED, REPROCESS, RUNNING

MOST_NAMED = 1000
MOST_COMING = 1000
LONGEST_WAIT = 3600
CATCHUPS = ("all", "latest", "none")
DAEMONS = ("scheduler", "processor", "triggerer", "worker")


# --- Backfills --------------------------------------------------------------------------------------------------------


class BackfillSchema(Schema):
    """A backfill with its progress."""

    backfill_id = fields.Integer(attribute="backfill.id", metadata={"example": 1_414_213_562})
    dag_id = fields.String(attribute="backfill.dag_id", metadata={"example": "reports"})
    from_date = Instant(attribute="backfill.first_date")
    to_date = Instant(attribute="backfill.last_date")
    state = fields.String(attribute="backfill.state", metadata={"example": "running"})
    dag_run_conf = JsonObject(attribute="backfill.conf")
    max_active_runs = fields.Integer(attribute="backfill.max_active_runs", metadata={"example": 4})
    run_backwards = fields.Boolean(attribute="backfill.is_reverse", metadata={"example": False})
    reprocess_behavior = fields.String(attribute="backfill.reprocess", metadata={"example": NONE})
    dates = fields.Integer(attribute="total", metadata={"example": 30})
    dates_done = fields.Integer(attribute="ended", metadata={"example": 12})
    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"example": {"pending": 18, "success": 12}}
    )
    created_at = Instant(attribute="backfill.created_at")
    completed_at = Instant(attribute="backfill.ended_at", allow_none=True)


class BackfillListQuery(PageQuery):
    """Which backfills are asked for."""

    dag_id = Name(metadata={"description": "Of this DAG only.", "example": "reports"})
    backfill_id = Whole(
        attribute="key",
        largest=LARGEST_ID,
        metadata={"description": "This one only, of whichever DAG it is.", "example": 1_414_213_562},
    )
    only_open = Flag(metadata={"description": "Those only that have not ended.", "example": True})


class BackfillOfDagListQuery(PageQuery):
    """Which backfills of a DAG are asked for."""

    only_open = Flag(metadata={"description": "Those only that have not ended.", "example": True})


class BackfillDateSchema(Schema):
    """A date of a backfill, and its run as far as there is one."""

    logical_date = Instant()
    data_interval_start = Instant()
    data_interval_end = Instant()
    state = fields.String(metadata={"example": "open"})
    dag_run_id = fields.String(attribute="run_id", allow_none=True, metadata={"example": "backfill__2026-01-01"})
    dag_run_state = fields.String(attribute="run_state", allow_none=True, metadata={"example": "running"})


class BackfillDateListQuery(PageQuery):
    """Which dates are asked for."""


class BackfillBody(Schema):
    """A range of dates that runs are to be made for."""

    from_date = Instant(attribute="first_date", required=True, metadata={"example": "2026-01-01T00:00:00+00:00"})
    to_date = Instant(attribute="last_date", metadata={"example": "2026-01-31T00:00:00+00:00"})
    dag_run_conf = JsonObject(attribute="conf", metadata={"example": {}})
    max_active_runs = Whole(smallest=1, allow_none=True, metadata={"example": 4})
    run_backwards = Flag(attribute="is_reverse", metadata={"example": False})
    reprocess_behavior = fields.String(
        attribute="reprocess", validate=validate.OneOf(REPROCESS), metadata={"example": NONE}
    )
    dry_run = Flag(metadata={"example": True, "description": "Only say what each date would become."})


class PlannedDateSchema(Schema):
    """What a date would become."""

    logical_date = Instant()
    becomes = fields.String(metadata={"example": "new run"})
    dag_run_id = fields.String(attribute="run_id", allow_none=True, metadata={"example": None})
    dag_run_state = fields.String(attribute="state", allow_none=True, metadata={"example": None})


class CreatedBackfillSchema(Schema):
    """The backfill; null for a dry run, which says what each of the first 1000 dates would become."""

    backfill = fields.Nested(BackfillSchema, attribute="made", allow_none=True)
    dates = fields.List(fields.Nested(PlannedDateSchema))
    dates_total = fields.Integer(attribute="total", metadata={"example": 30})


class BackfillChange(Schema):
    """Pause a backfill, let it go on, or cancel it."""

    state = fields.String(
        required=True, validate=validate.OneOf((PAUSED, RUNNING, CANCELLED)), metadata={"example": PAUSED}
    )


# --- Holds and drains -------------------------------------------------------------------------------------------------


class HoldSchema(Schema):
    """What is held, since when and why; null stands for all."""

    hold_id = fields.Integer(attribute="id", metadata={"example": 1_618_033_988})
    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", allow_none=True, metadata={"example": None})
    task_id = fields.String(allow_none=True, metadata={"example": "load"})
    map_index = fields.Integer(allow_none=True, metadata={"example": None})
    reason = fields.String(allow_none=True, metadata={"example": "the warehouse is being moved"})
    held_at = Instant()


class HoldBody(Schema):
    """What is to be held of a DAG; nothing stands for all of it."""

    dag_run_id = Name(attribute="run_id", allow_none=True, metadata={"example": None})
    task_id = Name(allow_none=True, metadata={"example": "load"})
    map_index = Whole(allow_none=True, metadata={"example": None})
    reason = Text(allow_none=True, metadata={"example": "the warehouse is being moved"})


class HoldListQuery(PageQuery):
    """Which holds are asked for."""


class DrainSchema(Schema):
    """Which workers are drained, since when and why, and how many tries are still at work there."""

    drain_id = fields.Integer(attribute="id", metadata={"example": 1_732_050_807})
    kind = fields.String(metadata={"example": "host"})
    name = fields.String(metadata={"example": "worker-3.example.com"})
    reason = fields.String(allow_none=True, metadata={"example": "a new disk"})
    drained_at = Instant()
    at_work = fields.Integer(metadata={"example": 2})


class DrainBody(Schema):
    """Which workers are to be drained."""

    name = Name(
        required=True, metadata={"example": "worker-3.example.com", "description": "A worker's id, or their host."}
    )
    reason = Text(allow_none=True, metadata={"example": "a new disk"})


class DrainListQuery(PageQuery):
    """Which drains are asked for."""


class DrainsQuery(Query):
    """Which drains are to be released: all of them or, where one of them is not there, none."""

    drain_id = fields.List(
        Whole(strict=False, largest=LARGEST_ID),
        attribute="keys",
        required=True,
        validate=validate.Length(1, MOST_NAMED),
        metadata={"description": "Ids of drains; may be given several times.", "example": [1_732_050_807]},
    )


# --- Daemons ----------------------------------------------------------------------------------------------------------


class JobSchema(Schema):
    """A daemon, and whether it lives."""

    job_id = fields.String(attribute="id", metadata={"example": "0f8fad5b-d9cb-469f-a165-70867728950e"})
    job_type = fields.String(attribute="kind", metadata={"example": "scheduler"})
    state = fields.String(metadata={"example": "lives"})
    hostname = fields.String(attribute="host", metadata={"example": "scheduler-1.example.com"})
    pid = fields.Integer(metadata={"example": 4711})
    started_at = Instant()
    latest_heartbeat = Instant(attribute="renewed_at")
    lease_until = Instant(attribute="expires_at")
    lag_seconds = fields.Float(allow_none=True, metadata={"example": 1.5})
    ended_at = Instant(allow_none=True)
    end_cause = fields.String(allow_none=True, metadata={"example": None})


class JobListQuery(PageQuery):
    """Which daemons are asked for."""

    job_type = fields.String(
        attribute="kind",
        validate=validate.OneOf(DAEMONS),
        metadata={"description": "Of this kind only.", "example": "worker"},
    )
    hostname = Name(attribute="host", metadata={"description": "On this host only.", "example": "worker-3"})
    live_only = Flag(metadata={"description": "Those only that live.", "example": True})


class ClusterDaemonSchema(Schema):
    """A daemon that has not ended."""

    daemon = fields.String(metadata={"example": "scheduler"})
    host = fields.String(metadata={"example": "scheduler-1.example.com"})
    pid = fields.Integer(metadata={"example": 4711})
    state = fields.String(metadata={"example": "lives"})
    lag_seconds = fields.Float(metadata={"example": 1.5})
    lease_seconds_left = fields.Float(metadata={"example": 28.5})
    since = Instant()


class ClusterValueSchema(Schema):
    """How many there are of something, or how old the oldest is."""

    what = fields.String(metadata={"example": "tasks_running"})
    value = Json(allow_none=True, metadata={"example": 3})


class ClusterWaitingSchema(Schema):
    """How many wait for the same, for how long, and why."""

    count = fields.Integer(allow_none=True, metadata={"example": None})
    what = fields.String(metadata={"example": "everything"})
    seconds = fields.Float(allow_none=True, metadata={"example": None})
    why = fields.String(metadata={"example": "No scheduler lives."})


class ClusterConnectionsSchema(Schema):
    """How many connections to the database somebody has or may have."""

    of = fields.String(metadata={"example": "all"})
    connections = fields.Integer(allow_none=True, metadata={"example": 12})
    how = fields.String(allow_none=True, metadata={"example": "now"})


class ClusterSchema(Schema):
    """How the whole stands, as `tradewind status` shows it."""

    daemons = fields.List(fields.Nested(ClusterDaemonSchema))
    at_work = fields.List(fields.Nested(ClusterValueSchema))
    waiting = fields.List(fields.Nested(ClusterWaitingSchema))
    connections = fields.List(fields.Nested(ClusterConnectionsSchema))


# --- Runs -------------------------------------------------------------------------------------------------------------


class ReasonSchema(Schema):
    """Why something does not run, in one sentence."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", allow_none=True, metadata={"example": "manual__1"})
    task_id = fields.String(allow_none=True, metadata={"example": "load"})
    map_index = fields.Integer(allow_none=True, metadata={"example": None})
    why = fields.String(metadata={"example": "It waits for a slot of the pool 'warehouse': all 4 are taken."})


class ReasonQuery(Query):
    """Which instance is asked about."""

    map_index = Whole(smallest=-1, metadata={"description": "Of a mapped task, from 0.", "example": 0})


class ComingRunSchema(Schema):
    """A run that a schedule makes."""

    run_after = Instant(attribute="run_at")
    logical_date = Instant()
    data_interval_start = Instant()
    data_interval_end = Instant()


class ComingRunsSchema(Schema):
    """The runs that a DAG's schedule makes next; none is made while it is paused."""

    dag_id = fields.String(metadata={"example": "reports"})
    is_paused = fields.Boolean(metadata={"example": False})
    runs = fields.List(fields.Nested(ComingRunSchema))
    at = Instant(attribute="now", metadata={"description": "When they were worked out; runs up to then are due."})
    why_none = fields.String(allow_none=True, metadata={"example": None})


class ComingRunsQuery(Query):
    """How many are asked for, and of which schedule."""

    number = Whole(smallest=1, largest=MOST_COMING, metadata={"description": "How many; by default 10.", "example": 5})
    schedule = Name(
        metadata={"description": "As if this were the schedule: a cron expression or a preset.", "example": "@daily"}
    )
    catchup = fields.String(
        validate=validate.OneOf(CATCHUPS),
        metadata={"description": "As if the DAG had this word for catchup.", "example": "latest"},
    )
    anew = Flag(
        attribute="is_anew",
        metadata={
            "description": "Those that follow the last scheduled run, as if none were stored as the next.",
            "example": False,
        },
    )


class UnpausingSchema(Schema):
    """What unpausing a DAG would do: the runs that it makes at once, and what else it lets go."""

    dag_id = fields.String(metadata={"example": "reports"})
    made_at_once = fields.Integer(metadata={"example": 3, "description": "Runs, counted up to 10,000."})
    logical_dates = fields.List(Instant(), metadata={"description": "Of the first of them."})
    last_date = Instant(allow_none=True)
    next_at = Instant(allow_none=True)
    queued_runs = fields.Integer(metadata={"example": 0})
    asset_events = fields.Integer(metadata={"example": 0})


class PriorityBody(Schema):
    """The priority that what waits gets: higher goes first."""

    priority = Whole(smallest=-LARGEST - 1, largest=LARGEST, required=True, metadata={"example": 100})
    task_ids = fields.List(
        Name(), allow_none=True, validate=validate.Length(1, MOST_NAMED), metadata={"example": ["load"]}
    )
    map_indexes = fields.List(
        Whole(smallest=-1), allow_none=True, validate=validate.Length(1, MOST_NAMED), metadata={"example": [0]}
    )


class PrioritisedTaskSchema(Schema):
    """A task instance with the priority that it had before."""

    task_id = fields.String(metadata={"example": "load"})
    map_index = fields.Integer(metadata={"example": -1})
    state = fields.String(metadata={"example": "scheduled"})
    before = fields.Integer(attribute="priority", metadata={"example": 1})


class PrioritisedSchema(Schema):
    """What has another priority now; what had ended is left as it was."""

    priority = fields.Integer(metadata={"example": 100})
    task_instances = fields.List(fields.Nested(PrioritisedTaskSchema), attribute="rows")
    ended = fields.Integer(metadata={"example": 0})


class WaitQuery(Query):
    """How long a run is followed."""

    timeout = fields.Float(
        validate=validate.Range(0, LONGEST_WAIT),
        metadata={"description": "Seconds at most; by default 60.", "example": 0.5},
    )
    names_tasks = Flag(
        metadata={
            "description": "Say also which tasks are running, and which have failed since the line before, to who may see tasks.",
            "example": True,
        }
    )


BackfillCollection = collection("backfills", BackfillSchema)
BackfillDateCollection = collection("dates", BackfillDateSchema)
HoldCollection = collection("holds", HoldSchema)
DrainCollection = collection("drains", DrainSchema)
JobCollection = collection("jobs", JobSchema)
