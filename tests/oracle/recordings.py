"""The recordings in `recordings/`: a head and a line a DAG or file, as JSON; how they are written and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from oracle import compact

FOLDER = Path(__file__).with_name("recordings")
NOW = "2026-06-01T12:34:56+00:00"
"""The time at which structures are recorded and compared."""
LOGICAL_DATE = "2026-01-05T00:00:00+00:00"
"""The logical date of all runs."""
GENERATED, SCHEDULED, CASES, EXAMPLES = "generated", "scheduled", "cases", "examples"
COMMAND = "nox -s oracle"


def sha1(text: str) -> str:
    """Return the SHA-1 of a text, by which a recording knows what it was made of."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def write(name: str, head: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], folder: Path = FOLDER) -> None:
    """Write a recording whole: the same lines always give the same bytes."""
    rows = [json.dumps(each, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for each in (head, *lines)]
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")


def read(name: str, folder: Path = FOLDER) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the head and the lines of a recording, whole again."""
    head, *lines = map(json.loads, (folder / f"{name}.jsonl").read_text().splitlines())
    return head, [_whole(each) for each in lines]


def small(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line with its structure and outcome made small."""
    found = dict(line)
    if found.get("structure"):
        found["structure"] = compact.small_structure(found["structure"])
    if found.get("outcome"):
        found["outcome"] = compact.small_outcome(found["outcome"])
    return found


def _whole(line: dict[str, Any]) -> dict[str, Any]:
    if line.get("structure"):
        line["structure"] = compact.whole_structure(line["structure"])
    if line.get("outcome"):
        line["outcome"] = compact.whole_outcome(line["outcome"])
    return line
