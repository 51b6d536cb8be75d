"""`tradewind dags test` and `dag.test()`: one run in this process, its logs on the terminal, nothing recorded."""

from __future__ import annotations

import os
import re
import sys
import traceback
from bdb import BdbQuit
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tradewind_plugins.host import bind

from tradewind.authoring.dag import DAG
from tradewind.authoring.loading import author_frames, load_dags
from tradewind.cli.dags.lookups import InstalledLookups
from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.session import open_database, open_session
from tradewind.config import Config, load
from tradewind.execution.in_process import InProcessRun, run_in_process
from tradewind.execution.trial import LookupHost, Lookups
from tradewind.metadata.engine import Database
from tradewind.metadata.schema import SchemaError, require_current
from tradewind.parsing.failures import kind_of
from tradewind.plugins.known import hint_for_error
from tradewind.transitions.states import RunState


def test_run(
    dag_id: str,
    *,
    file: Path | None,
    logical_date: datetime | None,
    conf: Mapping[str, Any],
    mark_success: str | re.Pattern[str] | None,
) -> int:
    """Run a DAG to its end and print how each task ended; return 0 if the run succeeded, else 1.

    Arguments:
        file: the DAG's file; by default the files of the DAG folder that name the DAG are tried.
        mark_success: a regular expression: tasks whose id begins so succeed without being executed.
    Raises:
        CommandError: when no file has such a DAG.
    """
    with open_session(check=False) as session:
        lookups = InstalledLookups(session, has_database=has_schema(session.database))
        dag = find_dag_file(dag_id, file, session.config.dags.folder, lookups)
        config = session.config
    done = _run(dag, config, logical_date, conf, mark_success)
    return 0 if done.state == RunState.SUCCESS else 1


def test_dag(
    dag: DAG,
    *,
    logical_date: datetime | None,
    conf: Mapping[str, Any],
    mark_success: str | re.Pattern[str] | None,
) -> InProcessRun:
    """Run a DAG that is in this process already and print how each task ended: what `dag.test()` does."""
    return _run(dag, load().config, logical_date, conf, mark_success)


def _run(
    dag: DAG,
    config: Config,
    logical_date: datetime | None,
    conf: Mapping[str, Any],
    mark_success: str | re.Pattern[str] | None,
) -> InProcessRun:
    database = open_database(config, pool_size=1)
    try:
        done = run_in_process(
            dag,
            config=config,
            out=sys.stdout,
            logical_date=logical_date,
            conf=conf,
            mark_success=mark_success,
            database=database if has_schema(database) else None,
        )
    except BdbQuit as error:
        raise CommandError(
            "You left the debugger: the run was given up.", exit_code=130, error_id="debugger-left"
        ) from error
    finally:
        database.dispose()
    _print(dag.dag_id, done)
    return done


def _print(dag_id: str, done: InProcessRun) -> None:
    for task in done.tasks:
        name = task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"
        print(f"{task.state:>16}  {name}" + (f": {task.cause}" if task.cause else ""))
    if not done.tasks:
        print(f"DAG {dag_id!r} has no tasks: with @task, call the function inside the DAG.")
    print(f"Run {done.run_id} of {dag_id}: {done.state}.")


def has_schema(database: Database) -> bool:
    """Whether connections and variables can be read there; without a database those of the environment are enough."""
    path = database.url.database
    if database.dialect == "sqlite" and path and not Path(path).exists():
        return False
    try:
        require_current(database)
    except SchemaError:
        return False
    return True


def find_dag_file(dag_id: str, file: Path | None, folder: Path, lookups: Lookups) -> DAG:
    """Return a DAG as its file makes it now.

    Arguments:
        file: the DAG's file; by default the files of `folder` that name the DAG are tried.
        lookups: what answers files that read variables or connections while they are imported.
    Raises:
        CommandError: when no file has such a DAG.
    """
    if file is not None:
        dags = _load(file.absolute(), lookups)
        if dag_id not in dags:
            raise CommandError(_not_in_file(dag_id, file, sorted(dags)), error_id="no-such-dag")
        return dags[dag_id]
    found: list[str] = []
    broken: dict[Path, str] = {}
    for path in _files_that_name(dag_id, folder):
        try:
            dags = _load(path, lookups)
        except CommandError as error:  # as in the processor: a broken file does not hide those of other DAGs
            broken[path] = str(error).splitlines()[-1]
            continue
        if dag_id in dags:
            return dags[dag_id]
        found += dags
    raise CommandError(_not_found(dag_id, folder, found, broken), error_id="no-such-dag")


def _not_in_file(dag_id: str, file: Path, found: Sequence[str]) -> str:
    if found:
        return f"{file} has no DAG {dag_id!r}; it has {', '.join(found)}."
    return (
        f"{file} makes no DAG: with @dag, call the function at the end of the file, {dag_id}(); with DAG(…), make the "
        "tasks inside `with DAG(…):`."
    )


def _not_found(dag_id: str, folder: Path, found: Sequence[str], broken: Mapping[Path, str]) -> str:
    near = did_you_mean(dag_id, found)
    text = f"No file in {folder} has a DAG {dag_id!r}{near}{' Or' if near else ':'} name its file with --file."
    return " ".join([text, *(f"{path.name} could not be imported: {reason}." for path, reason in broken.items())])


def _files_that_name(dag_id: str, folder: Path) -> list[Path]:
    """Return the Python files that contain the id, then the others: an id may be put together in the code."""
    if not os.access(folder, os.R_OK | os.X_OK):
        raise CommandError(
            f"The DAG folder {folder} is not there or cannot be read: name the DAG's file with --file, or the folder "
            "with TRADEWIND_HOME or dags.folder.",
            error_id="file-unreadable",
        )
    files = sorted(path for path in folder.rglob("*.py") if os.access(path, os.R_OK))
    return sorted(files, key=lambda path: dag_id.encode() not in path.read_bytes())


def _load(path: Path, lookups: Lookups) -> Mapping[str, DAG]:
    # As in a worker: what lies beside the file can be imported
    sys.path.insert(0, str(path.parent))
    try:
        with bind(LookupHost(lookups)):
            return load_dags(path, path.stem)
    except FileNotFoundError as error:
        if error.filename != str(path):
            raise _broken(path, error) from error
        raise CommandError(f"There is no file {path}.", error_id="file-unreadable") from error
    except Exception as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> CommandError:
    """Return the error for a file that cannot be imported: its traceback from the author's first frame on, then why."""
    trace = author_frames(error, __file__)
    text = "".join(traceback.format_exception(type(error), error, trace)).rstrip()
    hint = hint_for_error(error)
    return CommandError(f"{path} could not be imported:\n{text}{hint}", error_id=kind_of(error))
