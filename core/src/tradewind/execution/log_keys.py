"""Under which key the log of a try is kept, in whatever store.

`dag_id=<d>/run_id=<r>/task_id=<t>[/map_index=<n>]/attempt=<try_number>[.<token>].log`. The token stands there when the
same try was dispatched again (its first dispatch was lost before it started, or it was rescheduled).
"""

from __future__ import annotations

from urllib.parse import quote, unquote

SAFE = " +:,@=()[]{}~!"


def callback_log_key(key: str, kind: str, attempt: int) -> str:
    """Return the key of the log of a task's callback, beside that of its try.

    Arguments:
        key: of the try's log.
        kind: of the callback, such as `on_failure_callback`.
        attempt: from 1; each has a log of its own.
    """
    return f"{key.removesuffix('.log')}.{kind}{f'.{attempt}' if attempt > 1 else ''}.log"


def run_callback_log_key(dag_id: str, run_id: str, kind: str, attempt: int) -> str:
    """Return the key of the log of a DAG's callback."""
    return callback_log_key(f"dag_id={_safe(dag_id)}/run_id={_safe(run_id)}/run.log", kind, attempt)


def log_key(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int, *, token: int) -> str:
    """Return the key (a relative path) of one try's log.

    Arguments:
        map_index: of a mapped instance; below 0 for one that is not mapped.
        token: of the dispatch; equal to the try's number as long as each try was dispatched once.
    """
    parts = [f"dag_id={_safe(dag_id)}", f"run_id={_safe(run_id)}", f"task_id={_safe(task_id)}"]
    if map_index >= 0:
        parts.append(f"map_index={map_index}")
    suffix = "" if token == try_number else f".{token}"
    return "/".join([*parts, f"attempt={try_number}{suffix}.log"])


def run_prefix(dag_id: str, run_id: str) -> str:
    """Return what the keys of all logs of a run begin with."""
    return f"{dag_prefix(dag_id)}run_id={_safe(run_id)}/"


def dag_prefix(dag_id: str) -> str:
    """Return what the keys of all logs of a DAG begin with."""
    return f"dag_id={_safe(dag_id)}/"


def names_of_run(dag_part: str, run_part: str) -> tuple[str, str]:
    """Return DAG and run of the first two parts of a key."""
    return unquote(dag_part.removeprefix("dag_id=")), unquote(run_part.removeprefix("run_id="))


def _safe(name: str) -> str:
    """Percent-encode what must not stand in a file's name; the names people use come out as they are."""
    return quote(name, safe=SAFE)
