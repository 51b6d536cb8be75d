"""What comes back of a parsed file: values, and their form on the pipe between child and processor.

The form is JSON with a length before each part, never a pickle: a DAG file's code ran in that process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tradewind.parsing.inputs import Inputs


@dataclass(frozen=True)
class ParsedDag:
    """A DAG of a file, serialized; with the coming runs of its timetable, if the file defines that."""

    dag_id: str
    serialized: str
    structure_hash: str
    listing: str | None = None


@dataclass(frozen=True)
class ImportFailure:
    """Why a file could not be read.

    Args:
        sentence: one, for people.
        line: of the file, if there is one to blame.
        trace: the traceback.
        error_id: which kind of error it is, of those that have a page.
    """

    sentence: str
    line: int | None = None
    trace: str | None = None
    error_id: str = "import-failed"

    @property
    def told(self) -> str:
        """The sentence with the id behind it, as people see it."""
        return f"{self.sentence} [{self.error_id}]"


@dataclass(frozen=True)
class ParsedFile:
    """The result of importing one file.

    Args:
        path: the file, relative to the DAG folder.
        inputs: what the import read.
        digests: the content digest of every input file, as the child read it.
        dags: what it defines; nothing if it failed.
        failure: why it could not be read, or None.
        source_hash: the hash of the version's sources.
        blobs: compressed sources by hash, the manifest among them.
        seconds: how long the import took.
        warnings: sentences for the file's authors.
        rewrites: files that it reads or keeps with its version, and writes itself while it is imported.
        hazards: what the import left that makes it unsafe to fork tasks from its process.
        profile: seconds that each imported module took itself, where the job asked for it.
    """

    path: str
    inputs: Inputs = field(default_factory=Inputs)
    digests: Mapping[str, str] = field(default_factory=dict)
    dags: tuple[ParsedDag, ...] = ()
    failure: ImportFailure | None = None
    source_hash: str = ""
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    profile: Mapping[str, float] = field(default_factory=dict)


def encode(parsed: ParsedFile) -> bytes:
    """Return the result as bytes: a head line of JSON, then the serialized DAGs and the blobs one after the other."""
    texts = [dag.serialized.encode() for dag in parsed.dags]
    head: dict[str, Any] = {
        "path": parsed.path,
        "inputs": parsed.inputs.to_json(),
        "digests": dict(parsed.digests),
        "dags": [
            [dag.dag_id, dag.structure_hash, len(text), dag.listing]
            for dag, text in zip(parsed.dags, texts, strict=True)
        ],
        "failure": asdict(parsed.failure) if parsed.failure is not None else None,
        "source_hash": parsed.source_hash,
        "blobs": [[name, len(data)] for name, data in parsed.blobs.items()],
        "seconds": parsed.seconds,
        "warnings": parsed.warnings,
        "rewrites": parsed.rewrites,
        "hazards": list(parsed.hazards),
        "profile": dict(parsed.profile),
    }
    return b"\n".join([json.dumps(head).encode(), b"".join([*texts, *parsed.blobs.values()])])


def decode(data: bytes) -> ParsedFile:
    """Return the result that :func:`encode` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is not one; the child was cut short.
    """
    line, _, rest = data.partition(b"\n")
    head = json.loads(line)
    parts = _Parts(rest)
    dags = tuple(
        ParsedDag(dag_id, parts.take(size).decode(), digest, listing) for dag_id, digest, size, listing in head["dags"]
    )
    blobs = {name: parts.take(size) for name, size in head["blobs"]}
    parts.require_end()
    failure = head["failure"]
    return ParsedFile(
        path=head["path"],
        inputs=Inputs.from_json(head["inputs"]),
        digests=head["digests"],
        dags=dags,
        failure=ImportFailure(**failure) if failure is not None else None,
        source_hash=head["source_hash"],
        blobs=blobs,
        seconds=head["seconds"],
        warnings=tuple(head["warnings"]),
        rewrites=tuple(head["rewrites"]),
        hazards=tuple(head["hazards"]),
        profile=head["profile"],
    )


class _Parts:
    """Bytes that are taken one part after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, or those that are left."""
        part = self._data[self._at : self._at + size]
        self._at += size
        return part

    def require_end(self) -> None:
        """Refuse what was cut short, or goes on.

        Raises:
            ValueError: it was.
        """
        if self._at != len(self._data):
            raise ValueError("the parts are incomplete")
