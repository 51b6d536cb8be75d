"""`tradewind --server URL dags …`: what is shown of DAGs and runs, and what is done with them, by a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.config import load
from tradewind.execution.log_keys import log_key
from tradewind.execution.log_stores import open_log_store
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings
from tradewind.operations import following
from tradewind.operations.following import STREAMS
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.marking import mark_run, mark_tasks

Run = Callable[..., tuple[int, str, str]]
WHIMS = """
import datetime
from tradewind import DAG

made = DAG("whims", start_date=datetime.datetime.now(datetime.timezone.utc), schedule=None)
"""
DAILY = """
import pendulum
from tradewind import DAG, TaskGroup, Param, Asset, task
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator

with DAG(
    "daily", schedule="30 6 * * *", start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"), catchup=True,
    end_date=pendulum.datetime(2026, 1, 8, tz="Europe/Berlin"), tags=["shop", "b"], description="Every day.",
    max_active_runs=2, params={"n": Param(3, type="integer", description="how many")},
    doc_md="It *runs*.", owner_links={"ada": "https://example.org/ada"}, default_args={"owner": "ada"},
):
    begin = EmptyOperator(task_id="begin")
    with TaskGroup("load"):
        left = EmptyOperator(task_id="left", outlets=[Asset("s3://left")])
        right = EmptyOperator(task_id="right", owner="bob")
    begin >> [left, right] >> TriggerDagRunOperator(task_id="on", trigger_dag_id="shop")
"""


def test_dags_runs_and_problems_of_files_are_listed(dags: Path, both: Run, there: Run, run: Run) -> None:
    columns = "dag_id,file,owners,tags,paused,next_run,description,active"
    assert json.loads(both("dags", "list", "--columns", columns, "-o", "json")[1])[0]["file"] == "good.py"
    for number in (1, 2):
        words = ("--run-id", f"r{number}", "-e", f"2026-02-0{number}", "--note", "why", "-c", '{"n": 4}')
        assert there("dags", "trigger", "shop", *words)[0] == 0
    rows = json.loads(both("dags", "list-runs", "-o", "json")[1])
    assert [(row["run_id"], row["version"], row["note"]) for row in rows] == [("r2", 1, "why"), ("r1", 1, "why")]
    assert both("dags", "list-runs", "-d", "shop", "--limit", "1", "-o", "plain")[1].startswith("shop\tr2")
    assert (
        both("dags", "list-runs", "-d", "shop", "-s", "2026-02-02", "--no-backfill", "-o", "plain")[1].count("\n") == 1
    )
    assert "No runs that are failed" in both("dags", "list-runs", "--state", "failed")[2]
    assert "did you mean shop?" in both("dags", "list-runs", "-d", "shap")[2]
    (dags / "bad.py").write_text("from tradewind import DAG\n1 / 0\n")
    (dags / "whims.py").write_text(WHIMS)
    assert run("dag-processor", "--once")[0] == 0
    assert json.loads(both("dags", "list-import-errors", "-o", "json")[1])[0]["line"] == 2
    assert "1 file could not be imported" in both("dags", "list")[2]
    (warned,) = json.loads(both("dags", "list-warnings", "-o", "json")[1])
    assert warned["file"] == "whims.py"


def test_dags_are_paused_by_pattern_and_params_are_checked(dags: Path, both: Run, there: Run) -> None:
    assert "[needs-confirmation]" in both("dags", "pause", "--treat-dag-id-as-regex", "sh.p")[2]
    assert there("dags", "unpause", "--treat-dag-id-as-regex", "sh.p", "-y")[:2] == (0, "shop is unpaused.\n")
    assert both("dags", "list", "--columns", "paused", "-o", "plain")[1] == "no\n"
    assert both("dags", "pause", "--treat-dag-id-as-regex", "zzz", "-y")[2].endswith("[no-such-dag]\n")
    assert both("dags", "pause", "shap")[2].endswith(
        "did you mean shop? `tradewind dags list` shows all. [no-such-dag]\n"
    )
    assert "fit minimum = 0" in both("dags", "trigger", "shop", "-c", '{"n": -1}')[2]
    assert "did you mean shop?" in both("dags", "trigger", "shap")[2]


def test_a_dag_is_shown_with_its_coming_runs(dags: Path, both: Run, there: Run, run: Run) -> None:
    (dags / "daily.py").write_text(DAILY)
    assert run("dag-processor", "--once")[0] == 0
    for more, count in (("-n 3", 3), ("", 7), ("--schedule @hourly", 10), ("--catchup latest", 0)):
        assert len(json.loads(both("dags", "next-runs", "daily", *more.split(), "-o", "json")[1])) == count, more
    assert "at once" in both("dags", "next-runs", "daily")[1]
    assert both("dags", "next-runs", "daily", "--schedule", "tomorrow")[2].endswith("[schedule-invalid]\n")
    assert both("dags", "next-runs", "shop") == (1, "", "shop has no coming runs: it has no schedule.\n")
    assert len(json.loads(both("dags", "next-execution", "daily", "-n", "20", "-o", "json")[1])) == 7
    assert json.loads(both("dags", "unpause", "daily", "--dry-run", "-o", "json")[1])[0]["made_at_once"] == 7
    assert "makes 7 runs at once" in both("dags", "unpause", "daily", "--dry-run")[1]
    assert "did you mean daily?" in both("dags", "next-runs", "dayly")[2]
    for style in ("json", "yaml", "table"):
        assert "It *runs*." in both("dags", "details", "daily", "-o", style)[1]
    assert json.loads(both("dags", "details", "shop", "-o", "json")[1])[0]["version"] == 1
    for style in ("dot", "mermaid", "text"):
        assert "load.left" in both("dags", "show", "daily", "--format", style)[1]
        assert "s3://left" in both("dags", "show-dependencies", "--format", style)[1]
    assert len(json.loads(both("dags", "report", "-o", "json")[1])) == 2
    dates = ("-s", "2026-01-02", "-e", "2026-01-04")
    planned = both("dags", "backfill", "daily", *dates, "--dry-run", "-o", "json")[1]
    assert [each["becomes"] for each in json.loads(planned)] == ["new run"] * 2
    assert there("dags", "trigger", "daily", "-r", "a/b", "-e", "2026-01-05T06:30:00Z", "-c", '{"n": 5}')[0] == 0
    for name in ("a/b", "2026-01-05T07:30:00+01:00"):
        assert both("dags", "state", "daily", name) == (0, 'queued\n{"n": 5}\n', "")
    assert both("dags", "state", "daily", "nope")[2].endswith("[no-such-run]\n")
    assert both("dags", "state", "dayly", "nope")[2].endswith("[no-such-dag]\n")


def test_a_dag_is_deleted_unless_a_run_goes_on(dags: Path, both: Run, there: Run, run: Run) -> None:
    assert there("dags", "trigger", "shop", "-r", "r")[0] == 0
    assert both("dags", "delete", "shop")[2].endswith("[needs-confirmation]\n")
    assert "runs of shop have not ended: r." in both("dags", "delete", "shop", "-y")[2]
    assert (
        json.loads(both("dags", "mark-run", "shop", "r", "success", "-n", "-o", "json")[1])[0]["becomes"] == "success"
    )
    assert both("dags", "mark-run", "shop", "r", "success")[2].endswith("[needs-confirmation]\n")
    assert both("dags", "mark-run", "shop", "s", "success", "-y")[2].endswith("[no-such-run]\n")
    told = there("dags", "mark-run", "shop", "r", "success", "-y", "--reason", "by hand")[1]
    assert "marked; the run was queued and is success." in told
    assert both("dags", "mark-run", "shop", "r", "success", "-y")[2].endswith("[nothing-to-mark]\n")
    assert both("dags", "state", "shop", "r")[1] == "success\n"
    assert there("dags", "delete", "shop", "-y")[1].endswith("stays, paused, as good.py defines it.\n")
    (dags / "good.py").unlink()
    assert run("dag-processor", "--once")[0] == 0
    assert there("dags", "delete", "shop", "-y")[1] == "shop is deleted.\n"
    assert both("dags", "list", "-o", "json")[1] == "[]\n"
    assert "the server's DAG folder" in there("dags", "list")[2]


@contextmanager
def ended_meanwhile(url: str, run_id: str, *, fails: bool) -> Iterator[None]:
    """End a run of `shop` as soon as it is made, beside the block: one task succeeds or fails, with a log."""
    thread = threading.Thread(target=end_run, args=(url, run_id), kwargs={"fails": fails})
    thread.start()
    yield
    thread.join()


def end_run(url: str, run_id: str, *, fails: bool) -> None:
    database, config, clock = Database(url), load().config, SystemClock()
    tools = {"graphs": open_graphs(config.plugins.codec), "clock": clock, "ids": RandomIds(clock.now)}

    def end(connection: sa.Connection) -> bool:
        for made in listings.list_runs(connection, run_id=run_id):
            (task,) = (each for each in listings.list_tasks(connection, made.id) if each.task_id == "numbers")
            with closing(open_log_store(config)) as store:
                key = log_key("shop", run_id, "numbers", -1, task.try_number, token=task.token + 1)
                store.put_chunk(key, 0, b"".join(b"line %d\n" % number for number in range(50)))
            state = "failed" if fails else "success"
            mark_tasks(connection, made.id, ["numbers"], state, **tools)
            mark_run(connection, made.id, state, **tools)
            return True
        return False

    while not database.write(end):
        threading.Event().wait(0.02)
    database.dispose()


@pytest.mark.usefixtures("dags")
def test_a_run_is_followed_to_its_end(
    sqlite_url: str, run: Run, server: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def there(*words: str, by: str = token) -> tuple[int, str, str]:
        monkeypatch.setenv("TRADEWIND_TOKEN", by)
        return run("--server", server, *words)

    assert there("dags", "unpause", "shop")[0] == 0
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    told = []
    for number, call in enumerate((run, there)):
        for fails in (True, False):
            run_id = f"r{number}{fails}"
            with ended_meanwhile(sqlite_url, run_id, fails=fails):
                code, out, _ = call("dags", "trigger", "shop", "--wait", "--run-id", run_id)
            assert code == fails
            told.append(out.replace(run_id, "RUN").splitlines())
    assert told[2:] == told[:2]
    assert told[0][1] == "numbers failed in try 0: marked as failed by hand"
    assert told[0][2:] == [*(f"    line {number}" for number in range(30, 50)), "Run RUN of shop: failed."]
    assert told[1] == ["Run RUN of shop is made.", "Run RUN of shop: success."]
    # Who may not see tasks is told how the run is
    with ended_meanwhile(sqlite_url, "seen", fails=True):
        code, out, _ = there("dags", "trigger", "shop", "--wait", "--run-id", "seen", by="twd_for_runs")
    assert (code, out) == (1, "Run seen of shop is made.\nRun seen of shop: failed.\n")
    # As many are followed as may be: then it is only asked how the run is
    monkeypatch.setattr(following, "BUSY_SECONDS", 0)
    taken = [STREAMS.take(1000) for _ in range(load().config.web.threads // 2)]
    with ended_meanwhile(sqlite_url, "busy", fails=True):
        assert there("dags", "trigger", "shop", "--wait", "--run-id", "busy")[0] == 1
    for give in taken:
        give()


def test_a_token_for_runs_triggers_and_lists_them(dags: Path, for_runs: Run, run: Run, sqlite_url: str) -> None:
    assert for_runs("dags", "trigger", "shop", "-r", "theirs") == (0, "Run theirs of shop is made.\n", "")
    assert for_runs("dags", "state", "shop", "theirs")[1] == "queued\n"
    assert for_runs("dags", "list-runs", "-d", "good")[2].startswith("No runs yet")
    missing = "tradewind: There is no DAG 'shap': `tradewind dags list` shows all. [no-such-dag]\n"
    assert for_runs("dags", "trigger", "shap")[2] == missing
    assert for_runs("dags", "state", "shop", "nope")[2].endswith("[no-such-run]\n")
    for words in (["list"], ["pause", "shop"], ["details", "shop"], ["show", "shop"], ["delete", "shop", "-y"]):
        assert for_runs("dags", *words)[2].endswith("[no-permission]\n"), words
    assert run("dags", "trigger", "shop", "-r", "ours")[0] == 0
    database = Database(sqlite_url)
    with database.read() as connection:
        found = connection.execute(sa.select(tables.dag_run.c.run_id, tables.dag_run.c.triggered_by)).all()
    database.dispose()
    assert sorted(map(tuple, found)) == [("ours", "cli"), ("theirs", "rest_api")]
