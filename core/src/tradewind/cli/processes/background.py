"""`-D`: start the same command in the background, and return when it works, or say why it does not.

Ours and not python-daemon, which forks the process that runs already and has the parent exit at once: nobody learns then
whether the daemon came up. A fresh interpreter in a session of its own, which reports READY as it does to systemd, needs no
closing of inherited descriptors and no second fork, and is the very process that runs without `-D`.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tradewind.cli.errors import CommandError, take_apart
from tradewind.cli.processes.children import tradewind_command
from tradewind.notify import READY, NotifySocket

START_SECONDS = 60.0
LOOK_SECONDS = 0.2
CAUSE_BYTES = 4096


@dataclass(frozen=True)
class Background:
    """What starts: a name for people, the words of the command, and its files."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    out: Path
    err: Path
    log: Path


@dataclass(frozen=True)
class Started:
    """A daemon that is ready: its pid, and what it said of itself."""

    pid: int
    status: str


def start_in_background(what: Background) -> Started:
    """Start a daemon and return once it has said that it is ready.

    Raises:
        CommandError: it ended before, or did not get ready in a minute; with its last words.
    """
    listener = NotifySocket()
    try:
        with what.out.open("ab") as out, what.err.open("ab") as err:
            began = os.fstat(err.fileno()).st_size
            process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                tradewind_command(*what.words),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **what.environment, **listener.environment},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            select.select([listener], [], [], LOOK_SECONDS)
            heard = listener.heard()
            if READY in heard:
                process.returncode = 0  # it lives on without us: nobody is to wait for it
                status = [line.removeprefix("STATUS=") for line in heard if line.startswith("STATUS=")]
                return Started(process.pid, status[-1] if status else "")
            if process.poll() is not None:
                said = _last_words(what.err, began, process.returncode)
                cause, error_id = take_apart(said, otherwise="daemon-not-started")
                raise CommandError(f"The {what.name} did not start: {cause}", error_id=error_id)
    finally:
        listener.close()
    process.terminate()
    raise CommandError(
        f"The {what.name} (pid {process.pid}) was not ready within {START_SECONDS:.0f} s and was asked to end; "
        f"its log is in {what.log}, its errors in {what.err}.",
        error_id="daemon-not-started",
    )


def _last_words(path: Path, began: int, code: int) -> str:
    """Return the last line that the daemon wrote to standard error, or how it ended."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(began, size - CAUSE_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    if not lines:
        return f"it ended with exit code {code} and said nothing; see {path}."
    return lines[-1].removeprefix("tradewind: ")
