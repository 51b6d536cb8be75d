"""What an import came to, as values: DAGs, inputs, sources and warnings."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tradewind.authoring.dag import DAG
from tradewind.authoring.dag_decorator import uncalled_in
from tradewind.authoring.loading import dag_module_name
from tradewind.parsing.inputs import ABSENT, Inputs, Volatile
from tradewind.parsing.limits import MEBIBYTE
from tradewind.parsing.recorder import Recorder
from tradewind.parsing.results import ParsedDag, ParsedFile
from tradewind.parsing.sources import import_closure, included_files, manifest
from tradewind.parsing.tree import Tree, signature_of
from tradewind.plugins.executors import check_executor
from tradewind.plugins.named_xcoms import DEFAULT, check_name
from tradewind.serialization import serialize, structure_hash
from tradewind.serialization.differences import hash_without, named
from tradewind.timetables import NullTimetable

LARGEST_SOURCE = 5 * MEBIBYTE
LARGEST_PACKAGE = 50 * MEBIBYTE
_MOVED = "moved"  # no content has this digest, so that the next look finds the file different
_REPARSE = re.compile(rb"^#\s*tradewind:\s*reparse\s*=\s*(\d+)\s*([smh]?)", re.MULTILINE)
_UNIT_SECONDS = {b"": 1, b"s": 1, b"m": 60, b"h": 3600}


class FileProblem(Exception):  # noqa: N818 - what is wrong with the file itself, not with what it says
    """The file cannot be imported at all; the message is the whole sentence."""


@dataclass(frozen=True)
class Job:
    """One file to import.

    Args:
        tree: the DAG folder.
        path: the file, relative to it.
        include: patterns of files beside it that belong to its versions.
        timeout: seconds that the import may take.
        memory: MiB of address space that it may add.
        reparse_interval: seconds after which a file that reached outside is read again.
        volatile: what is known to differ between two imports, and does not count.
        is_profiled: whether the time of each imported module is wanted.
        storages: the XCom storages that may be named.
    """

    tree: Tree
    path: str
    include: tuple[str, ...]
    timeout: float
    memory: int
    reparse_interval: float
    volatile: Volatile = field(default_factory=Volatile)
    is_profiled: bool = False
    storages: tuple[str, ...] = (DEFAULT,)

    @property
    def file(self) -> Path:
        """The file's whole path."""
        return self.tree.root / self.path

    @property
    def is_package(self) -> bool:
        """Whether the file is a zip of modules."""
        return self.path.endswith(".zip")

    @property
    def largest_source(self) -> int:
        """Bytes that this file may have."""
        return LARGEST_PACKAGE if self.is_package else LARGEST_SOURCE


def read_dag_file(job: Job) -> bytes:
    """Return the file's bytes, as they are before it is imported.

    Raises:
        FileProblem: it cannot be read, or is too large to be kept with its versions.
    """
    try:
        if job.file.stat().st_size > job.largest_source:
            size = job.file.stat().st_size / MEBIBYTE
            raise FileProblem(
                f"The file has {size:.1f} MiB, and a DAG file may have {job.largest_source // MEBIBYTE} MiB: keep data in "
                "files beside it and read them in tasks."
            )
        return job.file.read_bytes()
    except FileNotFoundError as error:
        raise FileProblem("The file was deleted before it could be read.") from error
    except OSError as error:
        raise FileProblem(f"The file cannot be read: {error.strerror or error}.") from error


def check_executors(dags: Mapping[str, DAG]) -> None:
    """Refuse tasks that would wait for ever: for an executor that nobody declares.

    Raises:
        TradewindConfigException: naming task and executor.
    """
    for dag_id, dag in dags.items():
        for task_id, task in dag.task_dict.items():
            if task.executor is not None:
                check_executor(task.executor, f"task {dag_id}.{task_id}")


def check_storages(dags: Mapping[str, DAG], known: tuple[str, ...]) -> None:
    """Refuse DAGs and tasks whose values could not be stored: in a storage that the settings do not name.

    Raises:
        TradewindConfigException: naming DAG or task, and the storage.
    """
    for dag_id, dag in dags.items():
        if dag.xcom_storage is not None:
            check_name(dag.xcom_storage, known, f"DAG {dag_id}: xcom_storage")
        for task_id, task in dag.task_dict.items():
            if task.xcom_storage is not None:
                check_name(task.xcom_storage, known, f"task {dag_id}.{task_id}: xcom_storage")


def described(
    parsed: ParsedFile,
    dags: Mapping[str, DAG],
    job: Job,
    recorder: Recorder,
    *,
    before: bytes | None,
    beside: Mapping[str, str],
    listings: Mapping[str, str],
) -> ParsedFile:
    """Return a result with all that follows from the DAGs and from what the import read.

    Args:
        parsed: the result so far.
        before: the file's bytes before its import; None if it could not be read.
        listings: coming runs of DAGs whose timetables the file defines, by DAG.
        beside: folders of code beside the DAG folder that it read from, each with its digest before the import.

    Raises:
        FileProblem: the file was deleted while it was imported.
        SerializationError: a DAG cannot be written as JSON.
    """
    serialized = {dag_id: serialize(dag).decode() for dag_id, dag in dags.items()}
    seen = {path for path in recorder.files | recorder.local_modules() if not path.endswith(".pyc")} | {job.path}
    wanted = import_closure(job.tree.root, seen) | seen | included_files(job.path, job.tree.files, job.include)
    read = _Sources(job, recorder, before)
    for path in sorted(wanted):
        read.take(path)
    if job.path not in read.contents and dags:
        raise FileProblem("The file was deleted while it was imported.")
    listing, hashes = manifest(job.path, read.contents, beside)
    source_hash = hashlib.sha256(listing).hexdigest()
    blobs = {hashes[path]: zlib.compress(data) for path, data in read.contents.items()}
    volatile = job.volatile.of(source_hash)
    rewrites = tuple(sorted(wanted & recorder.written))
    return replace(
        parsed,
        inputs=Inputs(
            (*sorted(wanted), *sorted(beside)),
            tuple(sorted(recorder.folders)),
            {},
            _reparse(job, recorder, before or b"", has_listings=bool(listings)),
            volatile,
        ),
        digests={
            **{path: read.moved.get(path) or hashes.get(path) or read.too_large.get(path, ABSENT) for path in wanted},
            **beside,
        },
        dags=tuple(
            ParsedDag(name, text, _hash(text, volatile.places.get(name)), listings.get(name))
            for name, text in serialized.items()
        ),
        source_hash=source_hash,
        rewrites=rewrites,
        blobs={**blobs, source_hash: zlib.compress(listing)},
        warnings=(
            *(
                f"{path} is larger than {LARGEST_SOURCE // MEBIBYTE} MiB and is left out of the version's sources."
                for path in sorted(read.too_large)
                if path != job.path
            ),
            *(f"The import writes {path}, which belongs to its version: write it in a task." for path in rewrites),
            *(_about_start(dag) for dag in dags.values() if _never_begins(dag)),
            *(() if dags else _about_uncalled(job.path)),
            *_about_hazards(parsed.hazards),
            *(volatile_warning(name, serialized[name], volatile.places[name]) for name in _known(volatile, serialized)),
        ),
    )


def volatile_warning(dag_id: str, serialized: str, places: tuple[str, ...]) -> str:
    """Return the sentence for a DAG that is another one at each import."""
    fields = ", ".join(named(serialized, places))
    return (
        f"DAG {dag_id!r}: {fields} is different each time the file is imported, as with datetime.now(); "
        "that makes no new version, and runs show the value of the version they have. Write a fixed value, or work it out "
        "in a task."
    )


def _known(volatile: Volatile, serialized: Mapping[str, str]) -> list[str]:
    return sorted(volatile.places.keys() & serialized.keys())


def _hash(serialized: str, places: tuple[str, ...] | None) -> str:
    return hash_without(serialized, places) if places else structure_hash(serialized.encode())


def _never_begins(dag: DAG) -> bool:
    return dag.start_date is None and not isinstance(dag.timetable, NullTimetable)


def _about_start(dag: DAG) -> str:
    return (
        f"DAG {dag.dag_id!r} has a schedule and no start_date, so it runs only when it is triggered: give it "
        "start_date=pendulum.datetime(2026, 1, 1) or the like, or schedule=None."
    )


def _about_uncalled(path: str) -> list[str]:
    module = sys.modules.get(dag_module_name(path))
    return [
        f"The file makes no DAG, as the @dag function {name} is never called: write {name}() at its end."
        for name in (uncalled_in(module) if module is not None else ())
    ]


def _about_hazards(hazards: tuple[str, ...]) -> list[str]:
    if not hazards:
        return []
    sentence = (
        f"The import leaves {', '.join(hazards)}, which forked processes must not share, so each task imports the file "
        "anew in a process of its own, which is slower to start. Make them inside tasks."
    )
    return [sentence]


class _Sources:
    """The contents of a version's files, as they were imported.

    Args:
        job: the file that is imported.
        recorder: what its import wrote itself has not moved.
        before: the DAG file as it was before; that is what was imported.
    """

    def __init__(self, job: Job, recorder: Recorder, before: bytes | None) -> None:
        self._job = job
        self._written = recorder.written
        self._before = before
        self.contents: dict[str, bytes] = {}
        self.too_large: dict[str, str] = {}
        self.moved: dict[str, str] = {}

    def take(self, path: str) -> None:
        """Read one file; one that is gone by now is left out, and the next look tells."""
        with contextlib.suppress(OSError):
            data = (self._job.tree.root / path).read_bytes()
            own = path == self._job.path
            if own and self._before is not None:
                data = self._before
            elif self._has_moved(path):
                self.moved[path] = _MOVED
            if len(data) > (self._job.largest_source if own else LARGEST_SOURCE):
                self.too_large[path] = hashlib.sha256(data).hexdigest()
            else:
                self.contents[path] = data

    def _has_moved(self, path: str) -> bool:
        """Tell whether somebody else has changed a module since the look, maybe after it was imported."""
        if not path.endswith(".py") or path in self._written:
            return False
        known = self._job.tree.signature(path)
        return known is not None and known != signature_of(os.path.join(self._job.tree.root, path))  # noqa: PTH118


def _reparse(job: Job, recorder: Recorder, source: bytes, *, has_listings: bool) -> float | None:
    said = _REPARSE.search(source)
    if said is not None:
        return float(int(said[1]) * _UNIT_SECONDS[said[2]])
    return job.reparse_interval if recorder.reached_outside or has_listings else None
