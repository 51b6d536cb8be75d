"""Run everything on this machine: processor, scheduler, worker, triggerer and web server.

The first start makes the database and an administrator's password, which is printed once. New DAGs start unpaused.
Ctrl+C stops it: running tasks get time to end; a second Ctrl+C ends them.
"""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.exc import IntegrityError
from tradewind_plugins.connection import Connection

from tradewind.cli.daemons.admin import tell_admin_password, tell_admin_password_ahead
from tradewind.cli.daemons.listening import require_free
from tradewind.cli.processes.child_lines import ChildLines
from tradewind.cli.processes.children import ChildProcesses, tradewind_command
from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.cli.processes.probe import require_probes_free
from tradewind.cli.shared.session import Session, open_session
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.metadata import migrating
from tradewind.metadata.statements import connections
from tradewind.metrics.reporting import check_exporters

NAME = "standalone"
PARTS = ("webserver", "dag-processor", "triggerer", "worker", "scheduler")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "--dags-folder", type=Path, help="folder of DAG files (default: dags.folder of the configuration)"
    )
    parser.add_argument("--port", type=int, help="port of the web server (default: web.port of the configuration)")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=standalone)


def standalone(options: argparse.Namespace) -> None:
    """Prepare the home, then run the daemons until stopped."""
    run_daemon(
        options,
        NAME,
        lambda files: _work(options, files),
        prepare=tell_admin_password_ahead,
    )


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    overrides: dict[tuple[str, str], Any] = {}
    if options.dags_folder is not None:
        overrides["dags", "folder"] = options.dags_folder.absolute()
    if options.port is not None:
        overrides["web", "port"] = options.port
    with open_session(overrides=overrides, check=False) as session:
        print(f"Starting Tradewind in {session.config.home} …", flush=True)
        # Before anything starts: a daemon that cannot start would be started again and again
        require_free(session.config.web.host, session.config.web.port)
        require_probes_free(session.config)
        configure_log(session.config, process=NAME)
        check_exporters(session.config, NAME)
        prepare(session)
        folder, environment, logs = session.config.dags.folder, _environment(session), session.config.logs
        print(f"Logs of tasks are in {session.config.logs.folder}, of the daemons {_log_place(files)}", flush=True)
    commands = {name: tradewind_command(name, *(["--no-worker"] if name == "scheduler" else [])) for name in PARTS}
    with closing(ChildLines(files, logs)) as written:
        lines = _Lines(folder, written)
        ChildProcesses(commands, environment, lines, lambda: lines.address).run()
    print("Stopped.", flush=True)


def prepare(session: Session) -> None:
    """Make what the first start needs: folder, schema, password, and a SQLite connection to try things with."""
    session.config.dags.folder.mkdir(parents=True, exist_ok=True)
    migrating.migrate(session.database)
    tell_admin_password(session)
    sqlite = Connection(
        conn_id="sqlite_default",
        conn_type="sqlite",
        host=str(session.config.home / "sqlite_default.db"),
        description="Made by standalone, to try things with",
    )
    try:
        session.database.write(lambda c: connections.add_connection(c, sqlite, cipher=session.cipher))
    except IntegrityError:
        return  # it was made at an earlier start, and may have been changed since


def _log_place(files: DaemonFiles) -> str:
    return "here, with the name of each in front" if files.log is None else f"in {files.log}"


class _Lines:
    """Writes the children's lines, and says once what a person waits for: the address.

    Arguments:
        folder: of DAG files.
        lines: writes all others.
    """

    def __init__(self, folder: Path, lines: ChildLines) -> None:
        self._folder = folder
        self._lines = lines
        self.address = ""

    def __call__(self, name: str, line: str) -> None:
        if name == "webserver" and line.startswith("Listening on "):
            self.address = f"{line}; DAG files are read from {self._folder}"
            print(self.address, flush=True)
        else:
            self._lines(name, line)


def _environment(session: Session) -> dict[str, str]:
    config = session.config
    environment = dict(os.environ)
    environment |= {
        "TRADEWIND_HOME": str(config.home),
        "TRADEWIND__DAGS__FOLDER": str(config.dags.folder),
        "TRADEWIND__WEB__PORT": str(config.web.port),
        "PYTHONUNBUFFERED": "1",
    }
    environment.setdefault("TRADEWIND__DAGS__PAUSED_AT_CREATION", "false")
    return environment
