"""The tables of the metadata database, as SQLAlchemy Core objects.

Rules that hold for all of them:

- Instants are UTC, stored as integer **microseconds since 1970** (`Instant`), so that SQLite, PostgreSQL and MariaDB
  compare
  them in the same way and an index over them is a plain integer index.
- Ids of rows made in bulk (versions, runs, task instances) are 63-bit integers drawn by the application
  (`tradewind.metadata.ids`), so that one bulk insert can write parents and children without asking the database for
  keys.
- Hot tables carry no foreign keys: a shared lock on the parent followed by its update is a deadlock by design on
  MariaDB.
- `team` stands on bundle, connection, variable, pool and queue from the first migration; enforcement comes later.
"""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata import access_tables
from tradewind.metadata.asset_tables import (
    asset,
    asset_alias_member,
    asset_event,
    asset_queue,
    asset_reference,
    asset_run,
    asset_watcher,
)
from tradewind.metadata.columns import EPOCH, MICROSECOND, NAMING, BigInt, Hash, Instant, Name, metadata
from tradewind.metadata.daemon_tables import bucket_lock, daemon, dispatch, drain, pulse
from tradewind.metadata.word_tables import idempotency_key, instance_label, instance_note, run_note

__all__ = [
    "EPOCH",
    "MICROSECOND",
    "NAMING",
    "UNFINISHED",
    "BigInt",
    "Hash",
    "Instant",
    "Name",
    "access_tables",
    "asset",
    "asset_alias_member",
    "asset_event",
    "asset_queue",
    "asset_reference",
    "asset_run",
    "asset_watcher",
    "backfill",
    "backfill_date",
    "bucket_lock",
    "bundle",
    "callback",
    "connection",
    "continuation",
    "daemon",
    "dag",
    "dag_file",
    "dag_listing",
    "dag_run",
    "dag_version",
    "deadline",
    "deferral",
    "dispatch",
    "drain",
    "event_outbox",
    "hold",
    "idempotency_key",
    "instance_label",
    "instance_note",
    "metadata",
    "past_gate",
    "pool",
    "pulse",
    "queue",
    "run_note",
    "run_parent",
    "run_progress",
    "source_blob",
    "stopped_try",
    "task_counter",
    "task_instance",
    "task_limit",
    "task_try",
    "variable",
    "xcom",
]

# --- Where DAGs come from -------------------------------------------------------------------------------------------

bundle = sa.Table(
    "bundle",
    metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("options", sa.Text, nullable=False, default="{}"),
    sa.Column("team", Name),
    comment="A place that DAG files come from: the local folder today, others through the bundle hook.",
)

dag_file = sa.Table(
    "dag_file",
    metadata,
    sa.Column("bundle", Name, primary_key=True),
    sa.Column("path", sa.String(500), primary_key=True, comment="relative to the bundle's root, with forward slashes"),
    sa.Column(
        "fingerprint", Hash, comment="hash over the recorded inputs; unchanged means nothing is parsed or written"
    ),
    sa.Column("inputs", sa.Text, nullable=False, default="[]", comment="JSON: what the import read or listed"),
    sa.Column("source_hash", Hash),
    sa.Column("parsed_at", Instant),
    sa.Column("parse_seconds", sa.Float),
    sa.Column("error", sa.Text, comment="one sentence, null when the last import succeeded"),
    sa.Column("error_line", sa.Integer),
    sa.Column("error_trace", sa.Text),
    sa.Column("warnings", sa.Text, nullable=False, default="[]"),
    sa.Column("is_present", sa.Boolean, nullable=False, default=True),
    sa.Column("asked_at", Instant, comment="when somebody asked for it to be read again; null once a processor does"),
    sa.Index(
        "ix_dag_file_asked_at",
        "asked_at",
        sqlite_where=sa.text("asked_at IS NOT NULL"),
        postgresql_where=sa.text("asked_at IS NOT NULL"),
    ),
)

source_blob = sa.Table(
    "source_blob",
    metadata,
    sa.Column("hash", Hash, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False, comment="zlib; a manifest (path -> hash) or a file's bytes"),
    comment="Content-addressed sources. The hash of a manifest is a version's source_hash.",
)

dag = sa.Table(
    "dag",
    metadata,
    sa.Column("dag_id", Name, primary_key=True),
    sa.Column("bundle", Name, nullable=False),
    sa.Column("path", sa.String(500), nullable=False),
    sa.Column("version_id", BigInt, nullable=False, comment="the version that new runs get"),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column(
        "is_active", sa.Boolean, nullable=False, comment="false only on evidence: its file was read and it is gone"
    ),
    sa.Column("description", sa.Text),
    sa.Column("owners", sa.String(500), nullable=False, default=""),
    sa.Column("tags", sa.Text, nullable=False, default="[]"),
    sa.Column("schedule", sa.Text, comment="JSON of the timetable; null for none"),
    sa.Column("max_active_runs", sa.Integer, nullable=False),
    sa.Column("max_active_tasks", sa.Integer, nullable=False),
    sa.Column(
        "next_run", sa.Text, comment="JSON: logical_date, data_interval_start, data_interval_end of the next run"
    ),
    sa.Column("due_at", Instant, comment="when the next run is to be made; null when there is none"),
    sa.Column("quarantine", sa.Text, comment="why the scheduler set this DAG's version aside; null when it did not"),
    sa.Index("ix_dag_due_at", "due_at"),
    sa.Index("ix_dag_bundle_path", "bundle", "path"),
)

dag_listing = sa.Table(
    "dag_listing",
    metadata,
    sa.Column("dag_id", Name, primary_key=True),
    sa.Column("runs", sa.Text, nullable=False, comment="JSON: logical date, data interval and moment of each"),
    comment="The coming runs of DAGs whose timetable is defined by a DAG file; the processor asks that, in a child.",
)

dag_version = sa.Table(
    "dag_version",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("structure_hash", Hash, nullable=False),
    sa.Column("source_hash", Hash, nullable=False),
    sa.Column("bundle", Name, nullable=False),
    sa.Column("path", sa.String(500), nullable=False),
    sa.Column("serialized", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("dag_id", "number"),
)

# --- Runs and task instances ----------------------------------------------------------------------------------------

dag_run = sa.Table(
    "dag_run",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("run_id", Name, nullable=False),
    sa.Column("run_type", sa.String(20), nullable=False, comment="scheduled, manual, backfill …"),
    sa.Column("version_id", BigInt, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="queued, running, success, failed"),
    sa.Column("logical_date", Instant),
    sa.Column("data_interval_start", Instant),
    sa.Column("data_interval_end", Instant),
    sa.Column("conf", sa.Text, nullable=False, default="{}"),
    sa.Column("triggered_by", sa.String(50), nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("dag_id", "run_id"),
    sa.Index("ix_dag_run_dag_id_logical_date", "dag_id", "logical_date"),
    sa.Index(
        "ix_dag_run_unfinished",
        "dag_id",
        "state",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
)

run_parent = sa.Table(
    "run_parent",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False, comment="dag_run.id"),
    sa.Column(
        "instance", BigInt, nullable=False, comment="the task instance that made it, or was the last to reset it"
    ),
    sa.Column(
        "token", sa.Integer, nullable=False, comment="the dispatch that did: asked again, it gets the same answer"
    ),
    sa.Index("ix_run_parent_instance", "instance"),
    comment="Runs that tasks have made.",
)

backfill = sa.Table(
    "backfill",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("first_date", Instant, nullable=False, comment="no earlier logical date"),
    sa.Column("last_date", Instant, nullable=False, comment="no later logical date"),
    sa.Column("conf", sa.Text, nullable=False, default="{}"),
    sa.Column("max_active_runs", sa.Integer, nullable=False, comment="of its own, beside those of the DAG"),
    sa.Column("is_reverse", sa.Boolean, nullable=False, comment="the latest date first"),
    sa.Column(
        "reprocess", sa.String(20), nullable=False, comment="of dates that have a run, run again: none, failed, ended"
    ),
    sa.Column("state", sa.String(20), nullable=False, comment="running, paused, cancelled, success, failed"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index("ix_backfill_dag_id", "dag_id"),
    sa.Index(
        "ix_backfill_running",
        "state",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    ),
    comment="Runs asked for over a range of dates; schedulers make them under a limit of their own.",
)

backfill_date = sa.Table(
    "backfill_date",
    metadata,
    sa.Column("backfill", BigInt, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False, comment="their order, from 0"),
    sa.Column("logical_date", Instant, nullable=False),
    sa.Column("data_interval_start", Instant, nullable=False),
    sa.Column("data_interval_end", Instant, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="pending, open, success, failed, skipped"),
    sa.Column("run", BigInt, comment="dag_run.id, once there is one"),
    sa.Index("ix_backfill_date_state", "backfill", "state", "position"),
    comment="The dates of a backfill, and what became of each.",
)

run_progress = sa.Table(
    "run_progress",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("unfinished", sa.Integer, nullable=False),
    comment="The number of instances without an end state; locked last, and whoever brings it to zero closes the run.",
)

UNFINISHED = "('none', 'scheduled', 'queued', 'running', 'up_for_retry', 'up_for_reschedule', 'deferred')"

task_instance = sa.Table(
    "task_instance",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("run", BigInt, nullable=False, comment="dag_run.id"),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("task_id", Name, nullable=False),
    sa.Column("map_index", sa.Integer, nullable=False, default=-1),
    sa.Column("rank", sa.Integer, nullable=False, comment="topological rank in the run's version: the lock order"),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("try_number", sa.Integer, nullable=False, default=0, comment="attempts at the user's code so far"),
    sa.Column("max_tries", sa.Integer, nullable=False, comment="retries allowed beyond the first try"),
    sa.Column("token", sa.Integer, nullable=False, default=0, comment="dispatches; only a new token ends a try"),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("pool", Name, nullable=False),
    sa.Column("pool_slots", sa.Integer, nullable=False),
    sa.Column("executor", Name, nullable=False),
    sa.Column("queue", Name, nullable=False),
    sa.Column("worker", sa.String(36), comment="id of the daemon row that claimed it"),
    sa.Column("nonce", sa.String(36), comment="the claim's own name, so that a lost reply can be asked again"),
    sa.Column("due_at", Instant, comment="retry, reschedule: when it becomes ready"),
    sa.Column("scheduled_at", Instant),
    sa.Column("queued_at", Instant),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant),
    sa.UniqueConstraint("run", "task_id", "map_index"),
    # Occupancy is counted, never stored: over these rows only.
    sa.Index(
        "ix_task_instance_occupying",
        "pool",
        "dag_id",
        "executor",
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
    sa.Index(
        "ix_task_instance_ready",
        "state",
        "pool",
        "priority",
        "id",
        sqlite_where=sa.text("state IN ('scheduled', 'queued')"),
        postgresql_where=sa.text("state IN ('scheduled', 'queued')"),
    ),
    sa.Index(
        "ix_task_instance_worker",
        "worker",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    ),
    sa.Index(
        "ix_task_instance_due_at",
        "due_at",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    # For people who look for what failed, or happened since: few rows of many
    sa.Index(
        "ix_task_instance_failed",
        "state",
        "run",
        sqlite_where=sa.text("state IN ('failed', 'upstream_failed')"),
        postgresql_where=sa.text("state IN ('failed', 'upstream_failed')"),
    ),
    sa.Index(
        "ix_task_instance_started_at",
        "started_at",
        sqlite_where=sa.text("started_at IS NOT NULL"),
        postgresql_where=sa.text("started_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_task_instance_ended_at",
        "ended_at",
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    ),
)

hold = sa.Table(
    "hold",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("run", BigInt, comment="dag_run.id; null for all runs"),
    sa.Column("task_id", Name, comment="null for all tasks"),
    sa.Column("map_index", sa.Integer, comment="null for all instances"),
    sa.Column("reason", sa.Text, comment="for people: who asks for it, and until when"),
    sa.Column("held_at", Instant, nullable=False),
    sa.Index("ix_hold_dag_id", "dag_id"),
    comment="What is not to be admitted: nothing that a row is about gets a slot. Mostly empty.",
)

task_counter = sa.Table(
    "task_counter",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False),
    sa.Column(
        "waits", sa.Integer, nullable=False, comment="direct upstream instances in all; an unexpanded task is one"
    ),
    sa.Column("success", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("upstream_failed", sa.Integer, nullable=False, default=0),
    sa.Column("skipped", sa.Integer, nullable=False, default=0),
    sa.Column("removed", sa.Integer, nullable=False, default=0),
    comment="How the direct upstream ended. Counts on after an early rule has decided; no secondary index.",
)

task_try = sa.Table(
    "task_try",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False),
    sa.Column("token", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("try_number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False, comment="how this try ended: success, failed, lost …"),
    sa.Column("started_at", Instant),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Column("worker", sa.String(36)),
    sa.Column("cause", sa.Text, comment="one line: why it did not succeed"),
    sa.Column("exit_code", sa.Integer),
    comment="Ended tries, unique on (instance, token): a repeated outcome is answered 'already recorded'.",
)

stopped_try = sa.Table(
    "stopped_try",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False),
    sa.Column("token", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("worker", sa.String(36), nullable=False, comment="id of the daemon whose process it is"),
    comment="Tries that were ended from outside while they ran, until their worker tells that their process is gone.",
)

xcom = sa.Table(
    "xcom",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("task_id", Name, primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", Name, primary_key=True),
    sa.Column("value", sa.Text, comment="JSON; null when the value lives in a storage"),
    sa.Column("storage", sa.Text, comment="where the value is, for values above the size limit"),
    sa.Column("type", sa.String(100), nullable=False),
    sa.Column("size", BigInt, nullable=False, comment="bytes of the JSON"),
    sa.Column("length", BigInt, comment="elements of a list or dict: mapping expands without reading the value"),
    sa.Column("pushed_at", Instant, nullable=False),
)

deferral = sa.Table(
    "deferral",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False, comment="task_instance.id"),
    sa.Column("token", sa.Integer, nullable=False, comment="the dispatch that deferred; the next one goes on with it"),
    sa.Column("classpath", sa.String(500), nullable=False, comment="the trigger's class, as module.name"),
    sa.Column("kwargs", sa.Text, nullable=False, comment="Fernet: the trigger's arguments as JSON"),
    sa.Column("source_hash", Hash, comment="the sources that the class comes from; null where it is installed"),
    sa.Column("method", Name, nullable=False, comment="what the operator goes on with"),
    sa.Column("method_kwargs", sa.Text, nullable=False, comment="Fernet: its further arguments as JSON"),
    sa.Column("began_at", Instant, nullable=False, comment="the try's first start: execution_timeout spans all pieces"),
    sa.Column("deferred_at", Instant, nullable=False),
    sa.Column("triggerer", sa.String(36), comment="id of the daemon that runs the trigger"),
    sa.Column("claim", sa.Integer, nullable=False, default=0, comment="how often it was claimed; only the last counts"),
    sa.Column("problem", sa.Text, comment="one sentence: what the triggerer has against it, such as that it blocks"),
    sa.Column("ending", sa.String(20), comment="event, failure, timeout; null while the trigger runs"),
    sa.Column("event", sa.Text, comment="Fernet: what it ended with, as JSON"),
    sa.Index("ix_deferral_triggerer", "triggerer"),
    comment="What deferred instances wait for, and what they go on with; gone when they have gone on.",
)

continuation = sa.Table(
    "continuation",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("run", BigInt, nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_continuation_run", "run"),
    comment="The rest of a cascade or expansion that passed the cap of one transaction; a scheduler goes on with it.",
)

past_gate = sa.Table(
    "past_gate",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("task_id", Name, primary_key=True),
    sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False, comment="-1 for all instances"),
    comment="Tasks whose rule is satisfied and that wait for the DAG's previous run; a scheduler lets them on.",
)

task_limit = sa.Table(
    "task_limit",
    metadata,
    sa.Column("dag_id", Name, primary_key=True),
    sa.Column("task_id", Name, primary_key=True),
    sa.Column("per_dag", sa.Integer, comment="max_active_tis_per_dag"),
    sa.Column("per_run", sa.Integer, comment="max_active_tis_per_dagrun"),
    comment="Tasks with limits of their own, in the newest version of their DAG; the lock of bucket dag:x covers them.",
)

event_outbox = sa.Table(
    "event_outbox",
    metadata,
    # Counted by the database, not drawn: what follows from an earlier event has the larger number on any two machines.
    sa.Column("id", BigInt, primary_key=True, autoincrement=True, comment="the order of delivery, and the event's key"),
    sa.Column("run", BigInt, nullable=False),
    sa.Column("kind", sa.String(50), nullable=False, comment="the hook that hears it"),
    sa.Column("task_id", Name, comment="null where the run itself ended"),
    sa.Column("map_index", sa.Integer),
    sa.Column("try_number", sa.Integer),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("cause", sa.Text),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Column(
        "heard_by", sa.Text, nullable=False, default="[]", comment="JSON: the plugins that need not hear it again"
    ),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", Instant, comment="when it is told again, after a listener failed"),
    sa.Column("taken_by", sa.String(36), comment="id of the scheduler that is telling it"),
    sa.Column("taken_until", Instant),
    sa.Index("ix_event_outbox_run", "run", "id"),
    comment="Ends that listeners have yet to hear of, written with the end itself; empty where nobody listens.",
    sqlite_autoincrement=True,
)

# --- Callbacks --------------------------------------------------------------------------------------------------------

callback = sa.Table(
    "callback",
    metadata,
    # Counted by the database, as in `event_outbox`: what happened later has the larger number.
    sa.Column("id", BigInt, primary_key=True, autoincrement=True),
    sa.Column("run", BigInt, nullable=False, comment="dag_run.id"),
    sa.Column("kind", sa.String(50), nullable=False, comment="the argument that names it, such as on_failure_callback"),
    sa.Column("task_id", Name, comment="null where it is the run's, and its DAG's callback"),
    sa.Column("map_index", sa.Integer),
    sa.Column("try_number", sa.Integer),
    sa.Column("state", sa.String(20), nullable=False, comment="which the run or the instance took"),
    sa.Column("happened_at", Instant, nullable=False),
    sa.Column("names", sa.Text, nullable=False, comment="JSON: what is to be called, in order"),
    sa.Column("details", sa.Text, nullable=False, default="{}", comment="JSON: what the context says of the change"),
    sa.Column("ran_on", sa.String(36), comment="id of the daemon row of the worker that ran the try"),
    sa.Column("done", sa.Text, nullable=False, default="[]", comment="JSON: the places in names that were called"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("token", sa.Integer, nullable=False, default=0, comment="claims; only the newest reports"),
    sa.Column("due_at", Instant, comment="when it may be claimed (again); null when it was given up"),
    sa.Column("worker", sa.String(36), comment="id of the daemon row that is calling it"),
    sa.Column("error", sa.Text, comment="why the last attempt failed"),
    sa.Index("ix_callback_due_at", "due_at", "id"),
    sa.Index("ix_callback_run", "run", "id"),
    sa.Index("ix_callback_worker", "worker"),
    comment="What DAG code wants called after a change of state, written with the change; deleted when it was called.",
    sqlite_autoincrement=True,
)

deadline = sa.Table(
    "deadline",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(20), primary_key=True, comment="dagrun_timeout, sla"),
    sa.Column("task_id", Name, primary_key=True, comment="empty where it is the run's"),
    sa.Column("seconds", sa.Float, nullable=False, comment="how long was given"),
    sa.Column("due_at", Instant, comment="when it is looked at; null once it was missed"),
    sa.Column("missed_at", Instant),
    sa.Index("ix_deadline_due_at", "due_at"),
    sa.Index("ix_deadline_missed_at", "missed_at"),
    comment="By when a run must have ended, or a task of it succeeded. Deleted when that is found to be so.",
)

# --- What tasks ask for ---------------------------------------------------------------------------------------------

pool = sa.Table(
    "pool",
    metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("team", Name),
)

queue = sa.Table(
    "queue",
    metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("team", Name),
)

variable = sa.Table(
    "variable",
    metadata,
    sa.Column("key", Name, primary_key=True),
    sa.Column("value", sa.Text, nullable=False, comment="Fernet"),
    sa.Column("description", sa.Text),
    sa.Column("team", Name),
)

connection = sa.Table(
    "connection",
    metadata,
    sa.Column("conn_id", Name, primary_key=True),
    sa.Column("conn_type", sa.String(500), nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("host", sa.String(500)),
    sa.Column("login", sa.Text),
    sa.Column("password", sa.Text, comment="Fernet"),
    sa.Column("schema", sa.String(500)),
    sa.Column("port", sa.Integer),
    sa.Column("extra", sa.Text, comment="Fernet"),
    sa.Column("team", Name),
)
