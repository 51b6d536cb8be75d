"""What happens in the forked child: one DAG file is imported under limits, and described.

The child never returns from :func:`run`: it sends its result and leaves without the interpreter's clean-up, which
belongs to the processor it was forked from. What it imports may be hostile: it may close what it finds open, take
handlers away, replace functions, fork, or never end. It must not get back into the processor's code.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from os import _exit as leave  # bound before any DAG file can replace it
from typing import NoReturn

from tradewind_plugins import host

from tradewind.authoring.dag import DAG
from tradewind.authoring.fork_safety import before_import, hazards
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.parsing.beside import FolderDigests
from tradewind.parsing.description import Job, check_executors, check_storages, described, read_dag_file
from tradewind.parsing.failures import failure_of, line_of_stack, storable, timeout_sentence
from tradewind.parsing.limits import Deadline, ImportTimeout, memory_limit
from tradewind.parsing.listing import listings_of
from tradewind.parsing.messages import LATE, RESULT, AskingHost, send
from tradewind.parsing.profile import ImportProfile
from tradewind.parsing.recorder import Recorder
from tradewind.parsing.results import ImportFailure, ParsedFile, encode
from tradewind.plugins.behaviour import beside_folders

CUT_OFF = 96
"""The exit code of a child whose way to report is gone: the file closed it."""


def run(job: Job, channel: socket.socket, output: int) -> NoReturn:
    """Import the file, send the result through ``channel``, and end the process.

    Args:
        output: the descriptor that takes what the import prints.
    """
    code = 1
    own = os.getpid()
    try:
        _settle(output)
        parsed = _Import(job, channel).parsed()
        code = _report(parsed, channel, own)
    except BaseException:  # noqa: BLE001 - the processor reports a child without a result, with what it printed
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            leave(code)


def _settle(output: int) -> None:
    """Make this process one that can be ended alone, with its own input and output."""
    gc.disable()  # it ends soon; a collection would only cost time and copy the pages that it inherited
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    faulthandler.enable(file=2, all_threads=False)  # a crash in native code, or our SIGABRT, tells where it was


def _report(parsed: ParsedFile, channel: socket.socket, own: int) -> int:
    """Send the result and return the exit code; a process that the file itself forked has nothing to say."""
    if os.getpid() != own:
        return 0
    try:
        send(channel, RESULT, encode(parsed))
    except OSError:
        return CUT_OFF
    return 0


class _Import:
    """One import, from the file to its result."""

    def __init__(self, job: Job, channel: socket.socket) -> None:
        self._job = job
        self._channel = channel
        self._beside = {folder: FolderDigests().of(folder) for folder in beside_folders()}
        self._recorder = Recorder(job.tree.root, tuple(self._beside))
        self._deadline = Deadline(job.timeout, self._tell_late)
        self._began = time.monotonic()
        self._profile = ImportProfile()
        self._before: bytes | None = None

    def parsed(self) -> ParsedFile:
        """Return the result, whatever the file does to get in the way."""
        self._deadline.start()
        depth = sys.getrecursionlimit()
        before = before_import()
        result = ParsedFile(self._job.path)
        try:
            try:
                dags = self._dags()
            finally:
                result = replace(result, seconds=time.monotonic() - self._began)
                sys.setrecursionlimit(depth)
            result = replace(result, hazards=tuple(hazards(str(self._job.tree.root), before)))
            check_executors(dags)
            check_storages(dags, self._job.storages)
            result = self._described(result, dags, self._listings(dags))
            self._deadline.stop()
        except BaseException as error:  # noqa: BLE001 - whatever the file raises is its result
            result = self._failed(result, error)
        if self._deadline.is_over and result.failure is None:
            # The file caught what should have stopped it, and went on
            result = self._failed(result, ImportTimeout())
        return replace(result, profile=self._profile.seconds)

    def _dags(self) -> dict[str, DAG]:
        """Import the file; a file that went on after its time was over has no DAGs."""
        root = self._job.tree.root
        sys.path.insert(0, str(root))
        sys.dont_write_bytecode = True
        self._before = read_dag_file(self._job)
        self._recorder.start()
        if self._job.is_profiled:
            self._profile.start()
        self._began = time.monotonic()
        try:
            with memory_limit(self._job.memory), host.bind(self._host()):
                return load_dags(self._job.file, dag_module_name(self._job.path))
        finally:
            self._recorder.stop()

    def _host(self) -> AskingHost:
        return AskingHost(self._channel, on_volatile=self._recorder.note_outside)

    def _failed(self, result: ParsedFile, error: BaseException) -> ParsedFile:
        """Return the result of a file that is in error, with its inputs, so that a change to one mends it."""
        try:
            failure = failure_of(
                error, self._job.file, caller=__file__, timeout=self._job.timeout, memory=self._job.memory
            )
            self._deadline.stop()
            self._recorder.used_beside.update(self._beside)  # what it looked for may come into one of them
            result = self._described(replace(result, failure=failure), {})
        except ImportTimeout:  # the error's own text never ends
            self._deadline.stop()
            failure = ImportFailure(timeout_sentence(self._job.timeout), error_id="import-timeout")
            result = replace(result, failure=failure)
        return result

    def _listings(self, dags: dict[str, DAG]) -> dict[str, str]:
        asking = self._host()
        with host.bind(asking):
            return listings_of(dags, asking.last_interval)

    def _described(
        self, result: ParsedFile, dags: dict[str, DAG], listings: Mapping[str, str] | None = None
    ) -> ParsedFile:
        used = {folder: self._beside[folder] for folder in sorted(self._recorder.used_beside)}
        return described(
            result, dags, self._job, self._recorder, before=self._before, beside=used, listings=listings or {}
        )

    def _tell_late(self, stack: traceback.StackSummary) -> None:
        """Say where the import is, should it never come back."""
        told = {
            "line": line_of_stack(stack, str(self._job.file)),
            "trace": storable("Still running:\n" + "".join(stack.format()[-40:])),
            "files": sorted({*self._recorder.files, *self._recorder.local_modules(), self._job.path}),
        }
        send(self._channel, LATE, json.dumps(told).encode())
