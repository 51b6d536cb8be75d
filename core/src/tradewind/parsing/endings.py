"""Why a child has ended without a result, in a sentence."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from tradewind.parsing.child import CUT_OFF
from tradewind.parsing.description import Job
from tradewind.parsing.failures import line_of_crash, storable
from tradewind.parsing.inputs import Inputs
from tradewind.parsing.results import ImportFailure, ParsedFile

_LONGEST_PRINT = 20_000
_WHY = {
    signal.SIGKILL: ": it did so itself, or the system did for want of memory",
    signal.SIGSEGV: ": native code failed",
    signal.SIGABRT: ": native code gave up",
    signal.SIGBUS: ": native code failed",
}


def without_result(
    job: Job, status: int | None, printed: str, *, is_late: bool = False, late: Mapping[str, Any] | None = None
) -> ParsedFile:
    """Return the result of a child that sent none.

    Args:
        job: what it was to import.
        status: how it ended, as ``waitpid`` says; None if it sent something that is no result.
        printed: what it printed.
        is_late: whether it was ended for taking too long.
        late: what it said itself when its time was over: the line it was at, the stack, and the files read by then.
    """
    said = late or {}
    line = line_of_crash(printed, str(job.file)) or said.get("line")
    trace = "\n".join(part for part in (said.get("trace", ""), printed[-_LONGEST_PRINT:]) if part)
    failure = ImportFailure(
        _sentence(job, status, is_late=is_late),
        line,
        storable(trace) or None,
        "import-timeout" if is_late else "import-killed",
    )
    files = tuple(said.get("files", ())) or (job.path,)
    return ParsedFile(job.path, inputs=Inputs(files=files), failure=failure, seconds=job.timeout if is_late else 0.0)


def _sentence(job: Job, status: int | None, *, is_late: bool) -> str:
    if is_late:
        return f"The import took longer than {job.timeout:g} s and could not be interrupted."
    if status is None:
        return "The process that imported the file sent a result that cannot be read."
    code = os.waitstatus_to_exitcode(status)
    if code == CUT_OFF:
        return "The file closes descriptors that are not its own while it is imported, so its result is lost."
    if code < 0:
        number = signal.Signals(-code)
        return f"The process that imported the file was killed by {number.name}{_WHY.get(number, '')}."
    return (
        f"The process that imported the file ended with exit code {code} before it had a result: does the file call "
        "os._exit()?"
    )
