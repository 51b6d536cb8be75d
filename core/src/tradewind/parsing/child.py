"""What happens in the forked child: one DAG file is imported under limits, and described.

The child never returns from :func:`run`: it sends its result and leaves without the interpreter's clean-up, which
belongs to the processor it was forked from.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import re
import resource
import signal
import socket
import sys
import time
import traceback
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn

from tradewind_plugins import host

from tradewind.authoring.dag import DAG
from tradewind.authoring.loading import author_frames, dag_module_name, load_dags
from tradewind.parsing.inputs import ABSENT, Inputs
from tradewind.parsing.messages import RESULT, AskingHost, send
from tradewind.parsing.recorder import Recorder
from tradewind.parsing.results import ImportFailure, ParsedDag, ParsedFile, encode
from tradewind.parsing.sources import import_closure, included_files, manifest
from tradewind.parsing.tree import Tree
from tradewind.plugins.executors import check_executor
from tradewind.plugins.known import hint_for_module
from tradewind.serialization import serialize, structure_hash

_LONGEST_SENTENCE = 1_000
_LARGEST_SOURCE = 5 * 1024 * 1024
_MEBIBYTE = 1024 * 1024
_REPARSE = re.compile(rb"^#\s*tradewind:\s*reparse\s*=\s*(\d+)\s*([smh]?)", re.MULTILINE)
_UNIT_SECONDS = {b"": 1, b"s": 1, b"m": 60, b"h": 3600}


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
    """

    tree: Tree
    path: str
    include: tuple[str, ...]
    timeout: float
    memory: int
    reparse_interval: float


class ImportTimeout(BaseException):
    """The import takes too long. Not an ``Exception``, so that a file's ``except Exception`` does not swallow it."""


def run(job: Job, channel: socket.socket) -> NoReturn:
    """Import the file, send the result through ``channel``, and end the process."""
    code = 1
    gc.disable()  # this process ends soon; a collection would only cost time and copy the pages that it inherited
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        send(channel, RESULT, encode(_parse(job, AskingHost(channel))))
        code = 0
    except BaseException:  # noqa: BLE001 - the processor reports a child without a result; this is for its log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _parse(job: Job, asking: host.Host) -> ParsedFile:
    root = job.tree.root
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    recorder = Recorder(root)
    started = time.monotonic()
    dags: dict[str, DAG] = {}
    failure = None
    recorder.start()
    try:
        with _limits(job), host.bind(asking):
            dags = load_dags(root / job.path, dag_module_name(job.path))
    except BaseException as error:  # noqa: BLE001 - whatever the file raises is its result
        failure = _failure(error, job)
    recorder.stop()
    parsed = ParsedFile(path=job.path, failure=failure, seconds=time.monotonic() - started)
    try:
        _check_executors(dags)
        return _described(parsed, dags, job, recorder)
    except Exception as error:  # noqa: BLE001 - what cannot be serialized or run is the file's fault too
        return _described(replace(parsed, failure=_failure(error, job)), {}, job, recorder)


def _check_executors(dags: dict[str, DAG]) -> None:
    """Refuse tasks that would wait for ever: for an executor that nobody declares."""
    for dag_id, dag in dags.items():
        for task_id, task in dag.task_dict.items():
            if task.executor is not None:
                check_executor(task.executor, f"task {dag_id}.{task_id}")


@contextlib.contextmanager
def _limits(job: Job) -> Iterator[None]:
    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise ImportTimeout

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + job.memory * _MEBIBYTE, before[1]))
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, job.timeout)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no Linux: count from nothing, which allows a little less
        return 0
    return pages * resource.getpagesize()


def _described(parsed: ParsedFile, dags: dict[str, DAG], job: Job, recorder: Recorder) -> ParsedFile:
    serialized = {dag_id: serialize(dag) for dag_id, dag in dags.items()}
    seen = {path for path in recorder.files | recorder.local_modules() if not path.endswith(".pyc")} | {job.path}
    wanted = import_closure(job.tree.root, seen) | seen | included_files(job.path, job.tree.files, job.include)
    contents, too_large = _contents(job.tree.root, wanted)
    listing, hashes = manifest(job.path, contents)
    source_hash = hashlib.sha256(listing).hexdigest()
    blobs = {hashes[path]: zlib.compress(data) for path, data in contents.items()}
    return replace(
        parsed,
        inputs=Inputs(tuple(sorted(wanted)), tuple(sorted(recorder.folders)), {}, _reparse(job, recorder, contents)),
        digests={path: hashes.get(path) or too_large.get(path, ABSENT) for path in wanted},
        dags=tuple(ParsedDag(name, data.decode(), structure_hash(data)) for name, data in serialized.items()),
        source_hash=source_hash,
        blobs={**blobs, source_hash: zlib.compress(listing)},
        warnings=tuple(
            f"{path} is larger than {_LARGEST_SOURCE // _MEBIBYTE} MiB and is left out of the version's sources."
            for path in sorted(too_large)
        ),
    )


def _contents(root: Path, paths: set[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the contents of files by path, and the digests of those that are too large to keep."""
    contents, too_large = {}, {}
    for path in sorted(paths):
        with contextlib.suppress(OSError):  # opened, and gone by now: the next look tells
            data = (root / path).read_bytes()
            if len(data) > _LARGEST_SOURCE:
                too_large[path] = hashlib.sha256(data).hexdigest()
            else:
                contents[path] = data
    return contents, too_large


def _reparse(job: Job, recorder: Recorder, contents: dict[str, bytes]) -> float | None:
    said = _REPARSE.search(contents.get(job.path, b""))
    if said is not None:
        return float(int(said[1]) * _UNIT_SECONDS[said[2]])
    return job.reparse_interval if recorder.reached_outside else None


def _failure(error: BaseException, job: Job) -> ImportFailure:
    file = str(job.tree.root / job.path)
    trace = author_frames(error, __file__)
    if isinstance(error, ImportTimeout):
        sentence = f"The import took longer than {job.timeout:g} s, the limit of parsing.file_timeout."
    elif isinstance(error, MemoryError):
        sentence = f"The import needed more than {job.memory} MiB, the limit of parsing.file_memory."
    else:
        told = str(error)
        sentence = f"{type(error).__name__}: {told}" if told else type(error).__name__
        if isinstance(error, ModuleNotFoundError):
            sentence += hint_for_module(error.name or "")
    return ImportFailure(
        sentence=" ".join(sentence.split())[:_LONGEST_SENTENCE],
        line=_line(error, trace, file),
        trace="".join(traceback.format_exception(type(error), error, trace)),
    )


def _line(error: BaseException, trace: TracebackType | None, file: str) -> int | None:
    """Return the line of the DAG file that is to blame."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [number for frame, number in traceback.walk_tb(trace) if frame.f_code.co_filename == file]
    return lines[-1] if lines else None
