"""Reading public DAG files on Tradewind, each in a forked process of its own: what it makes, or what stopped it."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from compat.stand_ins import StandIns

NOW = "2026-06-01T12:00:00+00:00"
"""The time at which all files are read, on both sides."""

SECONDS = 60


class NotReadError(Exception):
    """A host's own account of a file that it could not read."""


@dataclass(frozen=True)
class Asked:
    """One file to read.

    Arguments:
        file: the DAG file.
        roots: folders to put on `sys.path`, the DAG folder first.
        stood_in: packages that may be stood in for.
        environment: variables of the environment to set to "1", as nobody knows their values.
    """

    file: Path
    roots: tuple[Path, ...]
    stood_in: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """What came of it.

    Arguments:
        dags: by id, what the reader made of each DAG.
        error: the last line of what it raised, empty where it was read.
        kind: the error's class.
        items: of what is not built yet, what it waits for.
        where: file and line of the file's own code that raised it.
        used: packages that were stood in for.
    """

    dags: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    kind: str = ""
    items: tuple[str, ...] = ()
    where: str = ""
    used: tuple[str, ...] = ()


Reader = Callable[[Path, Callable[[str], None]], Mapping[str, Any]]
"""Reads one file and returns what to say of its DAGs by id, as JSON's values; may tell items of what is not built."""


def read_list(path: Path, reader: Reader) -> None:
    """Read the files of a list, and print a line of JSON for each, in any order.

    Arguments:
        path: a file with a JSON list of `Asked`'s fields.
        reader: what reads one file.
    """
    _load_what_many_import()
    asked = [
        Asked(Path(each["file"]), tuple(map(Path, each["roots"])), tuple(each["stood_in"]), tuple(each["environment"]))
        for each in json.loads(path.read_text())
    ]
    for number, (each, read) in enumerate(read_all(asked, reader), 1):
        print(json.dumps({"file": str(each.file), **asdict(read)}), flush=True)
        if number % 50 == 0:
            print(f"{number} of {len(asked)} files", file=sys.stderr, flush=True)


def last_line(trace: str) -> str:
    """Return the last line of a traceback that says what was raised."""
    lines = [each for each in trace.strip().splitlines() if each.strip()]
    return lines[-1].strip()


def _load_what_many_import() -> None:
    """Import here, once, what many files would import each in its own process."""
    for name in ("pandas", "numpy", "requests", "boto3", "sqlalchemy", "bs4", "yaml", "dateutil", "psycopg2"):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)


def read_all(asked: Iterable[Asked], reader: Reader, processes: int = 2) -> Iterator[tuple[Asked, Read]]:
    """Read files, some at a time, each in a fork of this process.

    Arguments:
        reader: what reads one file in the fork.
        processes: how many at a time.
    """
    running: dict[int, tuple[Asked, int]] = {}
    for each in asked:
        while len(running) >= processes:
            yield _next(running)
        running.update([_begin(each, reader)])
    while running:
        yield _next(running)


def _begin(asked: Asked, reader: Reader) -> tuple[int, tuple[Asked, int]]:
    ours, theirs = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _in_child(asked, reader, theirs)
    os.close(theirs)
    return pid, (asked, ours)


def _next(running: dict[int, tuple[Asked, int]]) -> tuple[Asked, Read]:
    pid, (asked, ours) = next(iter(running.items()))
    del running[pid]
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not said:
        return asked, Read(error=f"the process ended with {os.waitstatus_to_exitcode(status)}", kind="Ended")
    found = json.loads(said)
    return asked, Read(**{**found, "used": tuple(found["used"]), "items": tuple(found["items"])})


def _in_child(asked: Asked, reader: Reader, pipe: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(SECONDS)
    os.chdir(asked.roots[0])
    os.environ.update({name: "1" for name in asked.environment if name not in os.environ})
    warnings.simplefilter("ignore")
    sys.path[:0] = [str(each) for each in asked.roots]
    sys.dont_write_bytecode = True
    items: set[str] = set()
    finder = StandIns(asked.stood_in)
    sys.meta_path.append(finder)
    try:
        read = Read(dags=reader(asked.file, items.add))
    except BaseException as error:  # noqa: BLE001 - whatever a file raises is what it came to
        read = _failed(error, asked)
    read = Read(**{**asdict(read), "used": tuple(sorted(finder.used)), "items": tuple(sorted(items))})
    with os.fdopen(pipe, "wb") as out:
        out.write(json.dumps(asdict(read), default=str).encode())
    os._exit(0)


def _failed(error: BaseException, asked: Asked) -> Read:
    told = traceback.format_exception_only(error)[-1].strip()
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if any(str(root) in each.filename for root in asked.roots)
    ]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Read(error=told[:500], kind=type(error).__name__, where=where)
