"""A worker in the background: the same command in a session of its own, which tells when it works.

It tells in the words of systemd, by datagrams to the socket that NOTIFY_SOCKET names; a unit of the type `notify` hears the same.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.values import Value

from tradewind_celery.cli.pid_file import holder_of

__all__ = ["Files", "adopt_listener", "start_in_background"]

VARIABLE = "NOTIFY_SOCKET"
START_SECONDS = 60.0
LOOK_SECONDS = 0.2
LARGEST = 4096


class Files(Value):
    """Where what a worker in the background writes goes.

    Args:
        pid: Its pid.
        out: Its standard output.
        err: Its standard error.
        log: Its log.
    """

    pid: Path
    out: Path
    err: Path
    log: Path


def adopt_listener() -> Callable[[str], None]:
    """Return what tells whoever started this process; what this process starts finds nobody to tell."""
    address = os.environ.pop(VARIABLE, "")

    def tell(message: str) -> None:
        if not address:
            return
        name = "\0" + address[1:] if address.startswith("@") else address  # Linux's abstract names
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth, contextlib.suppress(OSError):
            mouth.setblocking(False)
            mouth.sendto(message.encode(), name)

    return tell


def start_in_background(words: Sequence[str], files: Files) -> str:
    """Start a worker and return a sentence about it when it takes messages.

    Args:
        words: Those after `tradewind celery`.
        files: Of the worker.

    Raises:
        TradewindException: It ended before that, or took longer than a minute.
    """
    holder = holder_of(files.pid)
    if holder is not None:
        raise TradewindException(
            f"A worker of Celery runs already, with pid {holder} in {files.pid}: stop it first (tradewind celery stop), or "
            "give this one a file of its own with --pid."
        )
    kept = [word for word in words if word not in ("-D", "--daemon")]
    command = [
        sys.executable,
        "-m",
        "tradewind",
        "celery",
        *kept,
        "--pid",
        str(files.pid),
        "--log-file",
        str(files.log),
    ]
    with _listener() as (ears, address):
        process, began = _started(command, {**os.environ, VARIABLE: address}, files)
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            if select.select([ears], [], [], LOOK_SECONDS)[0]:
                lines = ears.recv(LARGEST).decode(errors="replace").splitlines()
                if "READY=1" in lines:
                    process.returncode = 0  # it lives on without us: nobody is to wait for it
                    name = next((each.partition("=")[2] for each in lines if each.startswith("STATUS=")), "")
                    return _told(name, process.pid, files)
            elif process.poll() is not None:
                raise TradewindException(
                    f"The worker did not start: {_last_words(files.err, began, process.returncode)}"
                )
    process.terminate()
    raise TradewindException(
        f"The worker (pid {process.pid}) reached no broker within {START_SECONDS:.0f} s and was asked to end; its log is in "
        f"{files.log}, its errors in {files.err}."
    )


def _told(name: str, pid: int, files: Files) -> str:
    where = f"Pid file {files.pid}, log {files.log}, output {files.out} and {files.err}."
    return f"The worker {name} runs with pid {pid}.\n{where}"


@contextlib.contextmanager
def _listener() -> Iterator[tuple[socket.socket, str]]:
    with tempfile.TemporaryDirectory(prefix="tradewind-celery-") as folder:
        address = str(Path(folder) / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
            ears.bind(address)
            yield ears, address


def _started(command: Sequence[str], environ: dict[str, str], files: Files) -> tuple[subprocess.Popen[bytes], int]:
    """Start it; return it, and how long its errors were before."""
    try:
        for path in (files.out, files.err, files.log):
            path.parent.mkdir(parents=True, exist_ok=True)
        with files.out.open("ab") as out, files.err.open("ab") as err:
            began = os.fstat(err.fileno()).st_size
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ, start_new_session=True
            )
    except OSError as error:
        raise TradewindException(f"{error.filename} cannot be written: {error.strerror}.") from error
    return process, began


def _last_words(path: Path, began: int, code: int) -> str:
    with path.open("rb") as file:
        file.seek(began)
        lines = file.read(LARGEST * 16).decode(errors="replace").strip().splitlines()
    said = lines[-1].removeprefix("tradewind: ") if lines else f"it said nothing; see {path}"
    return f"{said} (exit code {code})"
