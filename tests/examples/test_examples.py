"""Every example DAG runs to its end: as `tradewind dags test` runs it, and by daemons on PostgreSQL, which all share."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pendulum
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from tradewind.cli import main
from tradewind.cli.shared.operating import beside
from tradewind.cli.shared.session import open_session
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.operations.runs.triggering import trigger_run

pytestmark = pytest.mark.long_module

ROOT = Path(__file__).parents[2]
OURS = sorted((ROOT / "core/src/tradewind/examples").glob("example_*.py"))
OTHERS = sorted(path for folder in ("examples", "providers/sqlite/examples") for path in (ROOT / folder).glob("*.py"))
DAEMONS = (("dag-processor",), ("scheduler", "--no-worker"), ("worker",), ("triggerer",))
PATIENCE = 60.0
RUN = "of_the_test"
CONF = {"example_email": {"to": "ann@example.com"}}
MAINTENANCE = {"maintenance_history", "maintenance_stale"}
MOST_RUNS = 2  # one of the test, and the latest of a schedule or of new data
WATCHING = "example_watching"
BACKFILLED, HELD = "example_backfill", "example_hold"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """TRADEWIND_HOME, for this process and those that it starts."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRADEWIND_CONN_SQLITE_DEFAULT", f"sqlite:///{tmp_path}/example.db")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path])  # `dags test` puts the file's folder in front
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_the_example_runs_to_success(path: Path, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tradewind", "dags", "test", path.stem, "--file", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "success" in done.stdout


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_the_example_of_core_runs_to_success(path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["dags", "test", path.stem, "--file", str(path)])
    out, err = capsys.readouterr()
    assert code == 0, out + err
    assert "success" in out


def test_the_page_of_examples_names_each() -> None:
    page = (ROOT / "docs/examples.md").read_text()
    assert set(re.findall(r"`(example_\w+)`", page)) == {path.stem for path in OURS}


# --- By daemons ---------------------------------------------------------------------------------------------------------


class Inbox:
    """Takes mails."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        lines = envelope.content.decode().splitlines()
        self.subjects += [line.removeprefix("Subject: ") for line in lines if line.startswith("Subject: ")]
        return "250 fine"


class OnAnyPort(Controller):
    """A controller on whatever port is free; its own one looks for the server at the port that was asked for."""

    def _trigger_server(self) -> None:
        """Take the port that the server got."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """A mail server that the settings name."""
    inbox = Inbox()
    server = OnAnyPort(inbox, hostname="127.0.0.1", port=0)
    server.start()
    for key, value in {"host": "127.0.0.1", "port": str(server.port), "starttls": "false"}.items():
        monkeypatch.setenv(f"TRADEWIND__SMTP__{key.upper()}", value)
    yield inbox
    server.stop()


@pytest.fixture
def database(
    home: Path, postgres_database_url: str, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A database whose daemons run, with the examples and the maintenance DAGs."""
    settings = {
        "DATABASE__URL": postgres_database_url,
        "DAGS__LOAD_EXAMPLES": "true",
        "DAGS__PAUSED_AT_CREATION": "false",
        "MAINTENANCE__ENABLED": "true",
    }
    for key, value in settings.items():
        monkeypatch.setenv(f"TRADEWIND__{key}", value)
    (home / "dags").mkdir(parents=True)
    database = Database(postgres_database_url)
    started = []
    for words in DAEMONS:
        with (home / f"{words[0]}.log").open("wb") as log:
            command = [sys.executable, "-m", "tradewind", *words]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True))
    yield database
    for process in started:
        process.send_signal(signal.SIGTERM)
    codes = [stopped(process) for process in started]
    database.dispose()
    assert codes == [0] * len(started)


def stopped(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a daemon; one whose tasks do not end, as a test has failed, is asked once more."""
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        return process.wait(30)


def until(what: str, look: Callable[[], Any], home: Path) -> Any:
    """Look until it is so; fail with the daemons' logs."""
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            logs = "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted(home.glob("*.log")))
            raise AssertionError(f"not within {PATIENCE:g} s: {what}\n{logs}")
        pause.wait(0.1)
    return found


def read(database: Database, *columns: Any) -> list[Any]:
    with database.read() as conn:
        return list(conn.execute(sa.select(*columns)))


def all_parsed(database: Database) -> set[str]:
    """Return the DAGs when all files were read, and nothing before."""
    files = read(database, tables.dag_file.c.path, tables.dag_file.c.error)
    assert [each for each in files if each.error] == []
    if len(files) < len(OURS) + len(MAINTENANCE):
        return set()
    return {each.dag_id for each in read(database, tables.dag.c.dag_id)}


def ended(database: Database, dag_ids: set[str], *, but: str = "") -> dict[str, str]:
    """Return how the runs of the test ended, once all have, but for those of one DAG."""
    run = tables.dag_run.c
    rows = read(database, run.dag_id, run.run_id, run.state)
    states = {each.dag_id: each.state for each in rows if each.run_id == RUN and each.dag_id != but}
    is_over = states.keys() >= dag_ids and not {"queued", "running"} & set(states.values())
    return states if is_over else {}


def backfilled(database: Database) -> list[str]:
    return [each.state for each in read(database, tables.backfill.c.state) if each.state != "running"]


def tradewind(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    code = main(list(words))
    out, err = capsys.readouterr()
    assert code == 0, (words, out, err)
    return out


@pytest.mark.postgres
def test_every_example_runs_to_success_by_daemons_on_postgresql(
    database: Database, home: Path, inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    dag_ids = until("all files are read", lambda: all_parsed(database), home)
    assert {path.stem for path in OURS} | MAINTENANCE <= dag_ids
    tradewind(capsys, "holds", "add", HELD, "--task-id", "publish", "--reason", "not yet")
    tradewind(capsys, "backfill", "create", BACKFILLED, "-s", "2026-01-01", "-e", "2026-01-02")
    tradewind(capsys, "dags", "unpause", "example_past_runs")
    dag_ids -= {BACKFILLED}
    now = datetime.now(timezone.utc)
    with open_session() as session, beside(session) as operations:  # one for all: forty commands would take seconds
        for dag_id in sorted(dag_ids):
            conf = CONF.get(dag_id, {})
            operations.ask(trigger_run, dag_id=dag_id, run_id=RUN, logical_date=now, conf=conf)
    states = until("all runs but the one on hold end", lambda: ended(database, dag_ids - {HELD}, but=HELD), home)
    assert {dag_id: state for dag_id, state in states.items() if state != "success"} == {}
    assert "Task 'publish' of DAG 'example_hold' is held since" in tradewind(capsys, "why", HELD, RUN, "publish")
    (held,) = json.loads(tradewind(capsys, "holds", "list", "-o", "json"))
    tradewind(capsys, "holds", "release", str(held["id"]))
    assert until("the run that was on hold ends", lambda: ended(database, {HELD}), home)[HELD] == "success"
    assert until("the backfill ends", lambda: backfilled(database), home) == ["success"]
    assert inbox.subjects == [f"The numbers of {pendulum.now('UTC').date()}"]
    runs = Counter(each.dag_id for each in read(database, tables.dag_run.c.dag_id))
    del runs[WATCHING]  # as many as there are messages
    assert {runs[dag_id] for dag_id in MAINTENANCE} == {1}, "nothing is removed before anybody had a look"
    assert max(runs.values()) <= MOST_RUNS, "who loads the examples is not flooded by their schedules"
