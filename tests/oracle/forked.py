"""Loading each file in a child process of its own, at a time that stands still. Needs nothing but the standard library.

Both structure recorders go through here, so that both meet the files in the same way: no file sees what another has imported,
and one that never ends, exits or crashes is an error of that file alone.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds that a file may take to load."""

Load = Callable[[Path, datetime], list[dict[str, Any]]]


class NotLoadedError(Exception):
    """A file that cannot be loaded, with the reason in the host's own words."""


def main(load: Load, arguments: Sequence[str] | None = None) -> None:
    """Print the DAGs of the files that the arguments name, as a JSON list in the order of the files.

    Arguments:
        load: loads a file at a moment, and returns its DAGs as JSON values.
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--now", type=datetime.fromisoformat, required=True, help="the time at which all files are loaded"
    )
    parser.add_argument("--path", type=Path, action="append", default=[], help="a folder that files may import from")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds that a file may take to load")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [*map(str, options.path), *(each for each in sys.path if str(Path(each).resolve()) != here)]
    separator = "["
    for file in options.files:
        result = in_a_child(load, file, options.now, options.patience)
        print(f"{separator}{json.dumps(result, sort_keys=True)}", flush=True)
        separator = ","
    print("]")


def in_a_child(load: Load, file: Path, now: datetime, patience: float) -> dict[str, Any]:
    """Return a file's result: `file`, its `dags`, and the `error` that kept it from being loaded, or None."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(load, file, now, writing)
    os.close(writing)
    try:
        line = next(_lines(reading, time.monotonic() + patience), None)
    finally:
        os.close(reading)
        _end(child)
    if line is None:
        return {"file": str(file), "dags": [], "error": f"it did not load within {patience:g} s, or its process ended"}
    return {"file": str(file), **json.loads(line)}


def _be_the_child(load: Load, file: Path, now: datetime, writing: int) -> None:
    """Load the file, tell the result, and end; what the file prints goes nowhere."""
    os.setpgid(0, 0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    try:
        answer: dict[str, Any] = {"dags": load(file, now), "error": None}
    except NotLoadedError as error:
        answer = {"dags": [], "error": str(error)}
    except BaseException:  # noqa: BLE001 - whatever a file raises is its result
        answer = {"dags": [], "error": traceback.format_exc(limit=-3)}
    with os.fdopen(writing, "w") as channel:
        channel.write(json.dumps(answer, sort_keys=True) + "\n")
    os._exit(0)


def _lines(reading: int, deadline: float) -> Iterator[str]:
    """Yield what is written, line by line, until the deadline or the end."""
    whole = b""
    while select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(reading, 1 << 16)
        if not piece:
            return
        whole += piece
        while b"\n" in whole:
            line, _, whole = whole.partition(b"\n")
            yield line.decode()


def _end(child: int) -> None:
    """End a child and what it has started."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os.waitpid(child, 0)
