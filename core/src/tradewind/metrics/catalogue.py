"""Every metric there is, declared once: `docs/reference/metrics.md` is written from this module, and a test holds the names.

Labels are bounded: ids of DAGs and tasks, names of pools, executors and files; never a run. Where there are too many of them, the
setting `metrics.drop_labels` leaves a label out, and `metrics.max_series` bounds every metric.
"""

from __future__ import annotations

from typing import Any, Final

from tradewind_plugins.contracts.metrics import Metric
from tradewind_plugins.values import Value, field

SHORT: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
"""Bounds, in seconds, for what a daemon does in one go."""
LONG: Final = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
"""Bounds, in seconds, for what people wait for."""


class Alias(Value):
    """What Airflow 2 calls a metric, or one of its series.

    Args:
        name: With `{label}` where the name has the label's value.
        when: Only series with these labels have the name.
    """

    name: str
    when: tuple[tuple[str, str], ...] = ()


class Declaration(Value):
    """A metric with the process that measures it and its names in Airflow 2."""

    metric: Metric
    source: str
    aliases: tuple[Alias, ...] = field(default_factory=tuple)


CATALOGUE: Final[dict[str, Declaration]] = {}


def _metric(source: str, name: str, kind: str, unit: str, summary: str, *aliases: str | Alias, **more: Any) -> Metric:
    metric = Metric(name=name, kind=kind, unit=unit, summary=summary, **more)
    known = tuple(each if isinstance(each, Alias) else Alias(name=each) for each in aliases)
    CATALOGUE[name] = Declaration(metric=metric, source=source, aliases=known)
    return metric


def _counter(source: str, name: str, unit: str, summary: str, *aliases: str | Alias, labels: str = "") -> Metric:
    return _metric(source, name, "counter", unit, summary, *aliases, labels=tuple(labels.split()))


def _gauge(source: str, name: str, unit: str, summary: str, *aliases: str | Alias, labels: str = "") -> Metric:
    return _metric(source, name, "gauge", unit, summary, *aliases, labels=tuple(labels.split()))


def _timer(
    source: str, name: str, summary: str, *aliases: str | Alias, labels: str = "", buckets: tuple[float, ...] = SHORT
) -> Metric:
    return _metric(source, name, "timer", "s", summary, *aliases, labels=tuple(labels.split()), buckets=buckets)


_SCHEDULER: Final = "scheduler"
_DATABASE: Final = "scheduler, from the database"
_WORKER: Final = "worker"
_PROCESSOR: Final = "dag-processor"
_ENDS: Final = "worker, scheduler"
_TAKEN: Final = "watcher, scheduler"
_ALL: Final = "all"

SCHEDULER_HEARTBEAT: Final = _counter(
    _SCHEDULER, "scheduler.heartbeat", "turns", "Turns of the scheduler's loop.", "scheduler_heartbeat"
)
SCHEDULER_STEP: Final = _timer(
    _SCHEDULER, "scheduler.step_duration", "What one step took.", "scheduler.scheduler_loop_duration"
)
ADMISSION: Final = _timer(
    _SCHEDULER,
    "scheduler.admission_duration",
    "What one pass of admission took, with its wait for locks.",
    "scheduler.critical_section_duration",
)
ADMITTED: Final = _counter(
    _SCHEDULER, "scheduler.admitted", "tasks", "Task instances that got a slot and were queued by the scheduler."
)
QUARANTINED: Final = _counter(
    _SCHEDULER, "scheduler.quarantined", "DAGs", "DAGs put into quarantine, as scheduling them failed.", labels="dag_id"
)
REPAIRED: Final = _counter(
    _SCHEDULER,
    "scheduler.repaired_runs",
    "runs",
    "Runs whose counters were wrong and were repaired: a bug, if above 0.",
)
EVENTS_TOLD: Final = _counter(_SCHEDULER, "events.delivered", "events", "Events of ends that listeners have heard.")
EVENTS_FAILED: Final = _counter(
    _SCHEDULER, "events.failed", "events", "Events on which a listener failed; each is told again, up to five times."
)
SCHEDULE_DELAY: Final = _timer(
    _SCHEDULER,
    "dag_run.schedule_delay",
    "From the moment that a run was due to its making.",
    "dagrun.schedule_delay.{dag_id}",
    labels="dag_id",
    buckets=LONG,
)
RUN_DURATION: Final = _timer(
    _ENDS,
    "dag_run.duration",
    "From the start of a run to its end, by how it ended.",
    "dagrun.duration.{state}.{dag_id}",
    labels="dag_id state",
    buckets=LONG,
)

TRIES_STARTED: Final = _counter(
    _WORKER,
    "task_try.started",
    "tries",
    "Tries taken by a worker; a rescheduled sensor counts each look.",
    "ti.start.{dag_id}.{task_id}",
    labels="dag_id task_id",
)
TRIES_ENDED: Final = _counter(
    _WORKER,
    "task_try.ended",
    "tries",
    "Tries that ended, by how: success, failed, skipped, up_for_reschedule. A failed one may be tried again.",
    "ti.finish.{dag_id}.{task_id}.{state}",
    Alias(name="ti_successes", when=(("state", "success"),)),
    Alias(name="ti_failures", when=(("state", "failed"),)),
    labels="dag_id task_id state",
)
TRY_DURATION: Final = _timer(
    _WORKER,
    "task_try.duration",
    "From the start of a try to its end.",
    "dag.{dag_id}.{task_id}.duration",
    labels="dag_id task_id",
    buckets=LONG,
)
TRIES_LOST: Final = _counter(
    _TAKEN, "task_try.lost", "tries", "Tries whose worker or process was lost without an outcome.", "zombies_killed"
)
WORKER_HEARTBEAT: Final = _counter(_WORKER, "worker.heartbeat", "renewals", "Renewals of a worker's lease.")
WORKER_SLOTS: Final = _gauge(_WORKER, "worker.slots", "slots", "Tries that this worker runs at once at most.")
WORKER_RUNNING: Final = _gauge(_WORKER, "worker.running", "tries", "Tries that this worker runs now.")

PROCESSOR_HEARTBEAT: Final = _counter(
    _PROCESSOR, "processor.heartbeat", "turns", "Turns of the DAG processor's loop.", "dag_processor_heartbeat"
)
IMPORT_DURATION: Final = _timer(
    _PROCESSOR,
    "processor.import_duration",
    "What the import of a file took, by its path without `.py` and with dots.",
    "dag_processing.last_duration.{file}",
    labels="file",
    buckets=LONG,
)
VERSIONS: Final = _counter(_PROCESSOR, "processor.versions", "versions", "DAGs that were new or changed.")

LAG: Final = _gauge(_DATABASE, "scheduler.lag", "s", "How late the DAG run is that is due the longest; 0 when none is.")
OLDEST_WAITING: Final = _gauge(
    _DATABASE, "task_instance.oldest_waiting", "s", "Age of the task instance that has been ready for the longest."
)
INSTANCES: Final = _gauge(
    _DATABASE,
    "task_instance.unfinished",
    "tasks",
    "Task instances by state: scheduled (ready, without a slot), queued, running.",
    Alias(name="scheduler.tasks.running", when=(("state", "running"),)),
    Alias(name="scheduler.tasks.starving", when=(("state", "scheduled"),)),
    labels="state",
)
RUNS: Final = _gauge(_DATABASE, "dag_run.unfinished", "runs", "Runs by state: queued, running.", labels="state")
POOL_SLOTS: Final = _gauge(_DATABASE, "pool.slots", "slots", "Slots of a pool.", labels="pool")
POOL_OPEN: Final = _gauge(_DATABASE, "pool.open_slots", "slots", "Free slots.", "pool.open_slots.{pool}", labels="pool")
POOL_QUEUED: Final = _gauge(
    _DATABASE, "pool.queued_slots", "slots", "Slots of queued tasks.", "pool.queued_slots.{pool}", labels="pool"
)
POOL_RUNNING: Final = _gauge(
    _DATABASE, "pool.running_slots", "slots", "Slots of running tasks.", "pool.running_slots.{pool}", labels="pool"
)
POOL_SCHEDULED: Final = _gauge(
    _DATABASE,
    "pool.scheduled_slots",
    "slots",
    "Slots that ready tasks wait for.",
    "pool.scheduled_slots.{pool}",
    labels="pool",
)
_LOCAL: Final = (("executor", "LocalExecutor"),)
EXECUTOR_SLOTS: Final = _gauge(
    _DATABASE, "executor.slots", "slots", "Slots of an executor's live workers.", labels="executor"
)
EXECUTOR_OPEN: Final = _gauge(
    _DATABASE,
    "executor.open_slots",
    "slots",
    "Those of them that no running task has.",
    "executor.open_slots.{executor}",
    Alias(name="executor.open_slots", when=_LOCAL),
    labels="executor",
)
EXECUTOR_QUEUED: Final = _gauge(
    _DATABASE,
    "executor.queued_tasks",
    "tasks",
    "Tasks queued for an executor.",
    "executor.queued_tasks.{executor}",
    Alias(name="executor.queued_tasks", when=_LOCAL),
    labels="executor",
)
EXECUTOR_RUNNING: Final = _gauge(
    _DATABASE,
    "executor.running_tasks",
    "tasks",
    "Tasks that run on an executor.",
    "executor.running_tasks.{executor}",
    Alias(name="executor.running_tasks", when=_LOCAL),
    labels="executor",
)
LIVE: Final = _gauge(
    _DATABASE, "daemon.live", "daemons", "Daemons whose lease is valid: scheduler, worker, processor.", labels="kind"
)
DAGS: Final = _gauge(_DATABASE, "dag.active", "DAGs", "DAGs that a file defines, paused ones too.", "dagbag_size")
QUARANTINE: Final = _gauge(_DATABASE, "dag.quarantined", "DAGs", "DAGs in quarantine.")
IMPORT_ERRORS: Final = _gauge(
    _DATABASE, "dag_file.import_errors", "files", "DAG files whose import failed.", "dag_processing.import_errors"
)
EVENTS_WAITING: Final = _gauge(_DATABASE, "events.waiting", "events", "Events that listeners have yet to hear.")

RETRIES: Final = _counter(
    _ALL, "database.retries", "transactions", "Transactions repeated after a deadlock or a lost serialization."
)
MESSAGES: Final = _counter(
    _ALL, "log.messages", "lines", "Lines of the daemon's own log, by level: WARNING, ERROR, CRITICAL.", labels="level"
)
BATCHES_LOST: Final = _counter(
    _ALL,
    "metrics.batches_lost",
    "batches",
    "Batches that an exporter failed on or came too late for.",
    labels="exporter",
)
