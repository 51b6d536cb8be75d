"""One try of a task, inside the process that runs it: from the start message to how it ended."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from types import FrameType
from typing import Any

from tradewind_plugins.callbacks import ON_EXECUTE, ON_FAILURE, ON_RETRY
from tradewind_plugins.events import TaskTry
from tradewind_plugins.exceptions import (
    SerializationError,
    TaskDeferred,
    TradewindException,
    TradewindFailException,
    TradewindRescheduleException,
    TradewindSensorTimeout,
    TradewindSkipException,
    TradewindTaskTimeout,
)
from tradewind_plugins.host import bind
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.calls import calls_of_task, names_of_task
from tradewind.authoring.context import build_context, running_in
from tradewind.authoring.dag import DAG
from tradewind.authoring.preparation import prepare
from tradewind.execution import deferrals, results, retelling, task_log
from tradewind.execution.deferrals import EndedByTrigger, go_on
from tradewind.execution.instance_labels import label, label_in, label_of_failed
from tradewind.execution.instants import instant, microseconds, moment
from tradewind.execution.messages import Ended, Start, Timeout
from tradewind.execution.outcomes import marked
from tradewind.execution.task_host import TaskHost
from tradewind.plugins.behaviour import Listeners, listeners
from tradewind.transitions.states import TaskState, TriggerEnd
from tradewind.transitions.values import AssetNews, XComValue

LONGEST_TEXT = 20_000
SHORTEST_LIMIT = 0.001
# For a piece that only takes in that the trigger did not fire in time: the same timeout may have ended the waiting
IN_VAIN_LIMIT = 10.0
# The ids of what a task's exception means, where that is one of our own kinds
KINDS: dict[type[BaseException], str] = {
    MemoryError: "task-out-of-memory",
    SerializationError: "result-not-json",
    TradewindTaskTimeout: "task-timeout",
}
NO_RETRY = (TradewindFailException, TradewindSensorTimeout)


class TaskTerminated(BaseException):
    """The worker asked this task to end (SIGTERM).

    Not an `Exception`, so that `except Exception` does not swallow it.
    """


@dataclass
class _Process:
    """What this process is: whether a worker forked it for one task (its signals are the task's), and its listeners."""

    is_own: bool = False
    listeners: Listeners | None = None


_process = _Process()


def task_listeners() -> Listeners:
    """Return the in-task listeners, imported once: in the zygote, before any fork."""
    if _process.listeners is None:
        _process.listeners = listeners()
    return _process.listeners


def own_process() -> None:
    """Say that this process was forked for one task: SIGTERM may end the task."""
    _process.is_own = True


def run_try(start: Start, dags: Mapping[str, DAG], host: TaskHost, *, is_heard: bool = True) -> Ended:
    """Run one try and return how it ended; whatever the user's code raises is an end, never an exception here.

    Arguments:
        dags: the DAGs of the version's file, by id.
        host: answers what the task asks; bound while it runs.
        is_heard: whether in-task listeners hear of it.
    """
    begun = time.time()
    operator: BaseOperator | None = None
    context: dict[str, Any] = {}
    with bind(host):
        try:
            operator, context = _prepared(start, dags, host)
            with running_in(context), _terminable(operator), _limited(operator, host, start):
                run = _executed if is_heard else _unheard
                xcoms = run(start, operator, context, host)
                events = _asset_news(operator, context)
        except EndedByTrigger as end:
            return _ended_by_trigger(start, end, host, begun)
        except TaskDeferred as deferral:
            return _deferred(deferral, start, operator, begun)
        except BaseException as error:  # (user code: SystemExit and KeyboardInterrupt are ends of the try too)
            if _is_persons_stop(error):
                raise
            ended = replace(_ended_by(error, begun), label=label_of_failed(operator, context))
            is_told = ended.state == TaskState.FAILED and _tells_of_failure(start, dags)
            return replace(ended, raised=retelling.told(error)) if is_told else ended
    return Ended(
        TaskState.SUCCESS,
        instant(begun),
        instant(time.time()),
        skip=tuple(context["ti"].skipped_task_ids),
        xcoms=xcoms,
        events=events,
        label=label_in(context),
    )


def _asset_news(operator: BaseOperator, context: dict[str, Any]) -> tuple[AssetNews, ...]:
    return results.asset_news(context["outlet_events"].told(), operator.task_id) if operator.outlets else ()


def _deferred(raised: TaskDeferred, start: Start, operator: BaseOperator | None, begun: float) -> Ended:
    try:
        ended = deferrals.deferred(raised, start, operator, begun=begun, now=time.time())
    except Exception as error:  # noqa: BLE001  (what a trigger says of itself is user code too)
        return _ended_by(error, begun)
    logging.getLogger("tradewind.task").info("Deferred: waiting for %s, then %s", ended.defer[0], raised.method_name)  # type: ignore[index]
    return ended


def _ended_by_trigger(start: Start, end: EndedByTrigger, host: TaskHost, begun: float) -> Ended:
    xcoms = tuple(host.written(key, value) for key, value in end.xcoms.items())
    cause = "its trigger ended it so" if end.state == TaskState.FAILED else None
    return Ended(end.state, instant(begun), instant(time.time()), xcoms=xcoms, cause=cause)


def _tells_of_failure(start: Start, dags: Mapping[str, DAG]) -> bool:
    """Whether a callback is to be told what the try raised."""
    dag = dags.get(start.dag_id)
    task = dag.task_dict.get(start.task_id) if dag is not None else None
    return task is not None and not names_of_task(task).keys().isdisjoint({ON_FAILURE, ON_RETRY})


def _prepared(start: Start, dags: Mapping[str, DAG], host: TaskHost) -> tuple[BaseOperator, dict[str, Any]]:
    task = find_task(start, dags)
    host.choose_storage(task)
    context = build_context(task, dag_run=run_values(start), ti=_try_values(start))
    with running_in(context):
        return prepare(task, context), context


def find_task(start: Start, dags: Mapping[str, DAG]) -> TaskNode:
    """Return the task that a start names.

    Raises:
        TradewindException: the file does not define it, though it did when it was parsed.
    """
    dag = dags.get(start.dag_id)
    if dag is None or not dag.has_task(start.task_id):
        raise TradewindException(
            f"{start.path} does not define task {start.dag_id}.{start.task_id} when it is imported here, though it did "
            "when it was parsed: what the file defines must not depend on where or when it is imported"
        )
    return dag.get_task(start.task_id)


def run_values(start: Start) -> dict[str, Any]:
    """Return what the context says of the run, see `build_context`."""
    return {
        "run_id": start.run_id,
        "run_type": start.run_type,
        "logical_date": moment(start.logical_date),
        "data_interval_start": moment(start.data_interval_start),
        "data_interval_end": moment(start.data_interval_end),
        "start_date": moment(start.run_started_at),
        "conf": json.loads(start.conf),
        "conf_overrides_params": start.conf_overrides_params,
    }


def _try_values(start: Start) -> dict[str, Any]:
    return {
        "map_index": start.map_index,
        "try_number": start.try_number,
        "max_tries": start.max_tries,
        "start_date": datetime.now(timezone.utc),
        "waiting_since": moment(start.waiting_since),
        "hostname": start.hostname,
    }


def _unheard(start: Start, operator: BaseOperator, context: dict[str, Any], host: TaskHost) -> tuple[XComValue, ...]:
    if start.resume is None:
        call_on_execute(operator, context)
    return _pushed(operator, _result(start, operator, context), host)


def _executed(start: Start, operator: BaseOperator, context: dict[str, Any], host: TaskHost) -> tuple[XComValue, ...]:
    """Execute the operator, with the listeners around it, and return what its result pushes."""
    if start.resume is None:
        call_on_execute(operator, context)
    heard = task_listeners()
    if heard.is_empty:
        return _pushed(operator, _result(start, operator, context), host)
    event = TaskTry(
        task=operator,
        dag_id=start.dag_id,
        run_id=start.run_id,
        task_id=start.task_id,
        try_number=start.try_number,
        map_index=start.map_index,
    )
    heard.running(event)
    try:
        result = _result(start, operator, context)
        xcoms = _pushed(operator, result, host)
    except (TradewindSkipException, TradewindRescheduleException, TaskDeferred, EndedByTrigger):
        raise
    except BaseException as error:
        heard.failed(_with(event, error=error))
        raise
    heard.succeeded(_with(event, result=result))
    return xcoms


def _result(start: Start, operator: BaseOperator, context: dict[str, Any]) -> Any:
    operator.pre_execute(context)
    result = go_on(operator, start, context)
    label(operator, context)
    operator.post_execute(context, result)
    return result


def call_on_execute(operator: BaseOperator, context: dict[str, Any]) -> None:
    """Call `on_execute_callback`, right before `execute`; one that raises is logged, and the try goes on."""
    if operator.on_execute_callback is None:
        return
    for name, call in calls_of_task(operator, ON_EXECUTE):
        try:
            call(context)
        except Exception as error:  # noqa: BLE001  (as in Airflow: it must not fail what it announces)
            task_log.log_failure(error)
            logging.getLogger("tradewind.task").error("on_execute_callback %s failed; the task goes on", name)  # noqa: TRY400


def _with(event: TaskTry, **more: Any) -> TaskTry:
    known = {name: getattr(event, name) for name in ("task", "dag_id", "run_id", "task_id", "try_number", "map_index")}
    return TaskTry(**known, **more)


def _pushed(operator: BaseOperator, result: Any, host: TaskHost) -> tuple[XComValue, ...]:
    if not operator.do_xcom_push:
        return ()
    parts = results.parts(result, operator.task_id, multiple_outputs=operator.multiple_outputs)
    return tuple(host.written(key, value) for key, value in parts)


def _ended_by(error: BaseException, begun: float) -> Ended:
    """Return the end that an exception of the try means, after logging it."""
    try:
        return _meaning(error, begun)
    except Exception as second:  # noqa: BLE001  (what user code raised may misbehave in whatever is asked of it)
        task_log.log_failure(second)
        cause = f"{described(error)}; what it means cannot be told, as looking at it raised {described(second)}"
        return Ended(TaskState.FAILED, instant(begun), instant(time.time()), cause=cause)


def _meaning(error: BaseException, begun: float) -> Ended:
    log = logging.getLogger("tradewind.task")
    started, now = instant(begun), instant(time.time())
    if isinstance(error, TradewindSkipException):
        log.info("Skipped: %s", text_of(error))
        return Ended(TaskState.SKIPPED, started, now, cause=text_of(error) or None)
    if isinstance(error, TradewindRescheduleException):
        due_at = microseconds(error.reschedule_date)
        log.info("To be run again at %s", error.reschedule_date.isoformat())
        return Ended(TaskState.UP_FOR_RESCHEDULE, started, now, due_at=due_at)
    if isinstance(error, SystemExit) and not error.code:
        return Ended(
            TaskState.SUCCESS, started, now
        )  # sys.exit() or sys.exit(0) in a task: it ended well, with no result
    task_log.log_failure(error)
    return Ended(TaskState.FAILED, started, now, retry=not isinstance(error, NO_RETRY), cause=_told(error))


def _told(error: BaseException) -> str:
    kind = next((kind for each, kind in KINDS.items() if isinstance(error, each)), None)
    return described(error) if kind is None else marked(described(error), kind)


def described(error: BaseException) -> str:
    """Return an exception's type and text. The supervisor makes one line of it, after masking the secrets in it."""
    name, text = type(error).__name__, text_of(error)
    if isinstance(error, MemoryError) and not text:
        text = "there was not as much memory as it asked for ([execution] task_memory is the limit of a task, if any)"
    return f"{name}: {text}" if text else name


def text_of(error: BaseException) -> str:
    """Return an exception's text, up to a length, or that it has none because making it raises."""
    try:
        return str(error)[:LONGEST_TEXT]
    except BaseException as second:  # noqa: BLE001  (a broken __str__ or __repr__ must not hide that the task failed)
        return f"<no text, as making it raises {type(second).__name__}>"


def _is_persons_stop(error: BaseException) -> bool:
    """Whether a person at this process's terminal stopped it: Ctrl-C, or the debugger's quit."""
    return not _process.is_own and (isinstance(error, KeyboardInterrupt) or type(error).__name__ == "BdbQuit")


@contextmanager
def _terminable(operator: BaseOperator) -> Iterator[None]:
    """Have SIGTERM call the operator's `on_kill` and end the try; only in a process of its own (not in a debugger's)."""
    if not _process.is_own:
        yield
        return

    def terminate(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        operator.on_kill()
        raise TaskTerminated("the task was asked to end (SIGTERM)")

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _limited(operator: BaseOperator, host: TaskHost, start: Start) -> Iterator[None]:
    """Raise TradewindTaskTimeout in the task when its execution_timeout has passed, after calling `on_kill`.

    Not in a process that is not the task's own: there somebody may sit at a breakpoint. What earlier pieces of a try that
    was deferred took, and the waiting between them, counts.
    """
    limit = operator.execution_timeout
    if limit is None or not _process.is_own:
        yield
        return
    took = 0.0 if start.began_at is None else time.time() - start.began_at / 1_000_000
    seconds = limit.total_seconds()
    was_in_vain = start.resume is not None and start.resume[2] == TriggerEnd.TIMEOUT
    left = max(seconds - took, IN_VAIN_LIMIT if was_in_vain else SHORTEST_LIMIT)
    host.tell(Timeout(left))

    def expire(_number: int, _frame: FrameType | None) -> None:
        operator.on_kill()
        raise TradewindTaskTimeout(f"task {operator.task_id!r} ran longer than its execution_timeout of {seconds:g} s")

    with _alarm(left, expire):
        yield


@contextmanager
def _alarm(seconds: float, expire: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
