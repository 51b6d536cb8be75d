"""What the daemons' commands share: options, pid file, log files, signals, and `-D`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tradewind import notify
from tradewind.cli.errors import CommandError
from tradewind.cli.processes.background import Background, start_in_background
from tradewind.cli.processes.pid_file import PidFile, require_not_running
from tradewind.cli.processes.stopping import leave_on_sigterm
from tradewind.config import Config, load
from tradewind.daemon_log import DaemonFiles, obey_log_signals, redirect

IN_BACKGROUND = "TRADEWIND_IN_BACKGROUND"
"""Set in the environment of what `-D` starts: the same words, and no second start."""


@dataclass(frozen=True)
class Files:
    """Where one daemon's files are; None for what it does without."""

    pid: Path | None
    daemon: DaemonFiles


def add_daemon_options(parser: argparse.ArgumentParser, name: str) -> None:
    """Declare `-D` and what belongs to it.

    Arguments:
        name: of the daemon, for the default paths.
    """
    group = parser.add_argument_group(
        "as a daemon", f"With -D the files are by default TRADEWIND_HOME/tradewind-{name}.pid, .out, .err and .log."
    )
    group.add_argument(
        "-D", "--daemon", action="store_true", help="run in the background; return when it works, or say why not"
    )
    group.add_argument("--pid", type=Path, metavar="FILE", help="pid file, held as long as it runs")
    group.add_argument("--stdout", type=Path, metavar="FILE", help="append standard output to this file")
    group.add_argument("--stderr", type=Path, metavar="FILE", help="append standard error to this file")
    group.add_argument("-l", "--log-file", type=Path, metavar="FILE", help="write the log to this file")


def run_daemon(
    options: argparse.Namespace,
    name: str,
    work: Callable[[DaemonFiles], None],
    *,
    prepare: Callable[[Config], None] = lambda _config: None,
) -> None:
    """Do a daemon's work in this process, or with `-D` start it in the background.

    Arguments:
        work: the daemon, until it is told to stop; given where its output goes.
        prepare: done by `-D` before the start, for what a person must see, such as a password.
    Raises:
        CommandError: it runs already, or did not start.
    """
    is_background = os.environ.pop(IN_BACKGROUND, "") != ""
    config = load().config
    files = _files(options, name, config.home)
    if options.daemon and not is_background:
        _start(options, name, config, files, prepare)
        return
    leave_on_sigterm()
    notify.adopt()
    with _held(files.pid, name):
        try:
            redirect(files.daemon)
            if files.daemon.log is not None:
                files.daemon.log.open("ab").close()  # said here and not as a traceback of the logging
        except OSError as error:
            raise _unwritable(error) from error
        obey_log_signals(files.daemon)
        try:
            work(files.daemon)
        finally:
            notify.stopping()


def _start(
    options: argparse.Namespace, name: str, config: Config, files: Files, prepare: Callable[[Config], None]
) -> None:
    pid, out, err, log = files.pid, files.daemon.out, files.daemon.err, files.daemon.log
    if pid is None or out is None or err is None or log is None:
        raise AssertionError("with -D every file has a default")
    require_not_running(pid, name)
    try:
        prepare(config)
        for path in (out, err, log):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
    except OSError as error:
        raise _unwritable(error) from error
    started = start_in_background(Background(name, options.given, {IN_BACKGROUND: "1"}, out, err, log))
    status = f": {started.status}" if started.status else ""
    print(f"The {name} runs with pid {started.pid}{status}.\nPid file {pid}, log {log}, output {out} and {err}.")


def _files(options: argparse.Namespace, name: str, home: Path) -> Files:
    def named(given: Path | None, suffix: str) -> Path | None:
        if given is not None:
            return given.absolute()
        return home / f"tradewind-{name}.{suffix}" if options.daemon else None

    daemon = DaemonFiles(named(options.log_file, "log"), named(options.stdout, "out"), named(options.stderr, "err"))
    return Files(named(options.pid, "pid"), daemon)


@contextmanager
def _held(path: Path | None, name: str) -> Iterator[None]:
    if path is None:
        yield
        return
    held = PidFile.take(path, name)
    try:
        yield
    finally:
        held.release()


def _unwritable(error: OSError) -> CommandError:
    return CommandError(
        f"{error.filename} cannot be written: {error.strerror}. Name other files with --log-file, --stdout and --stderr, "
        "or set TRADEWIND_HOME to a folder that can be written to.",
        error_id="file-unwritable",
    )
