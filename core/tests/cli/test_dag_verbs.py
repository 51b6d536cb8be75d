"""`tradewind dags`: what is shown of a DAG, and pausing many at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

DAILY = """
import pendulum
from tradewind import DAG, TaskGroup, task
from tradewind.operators.empty import EmptyOperator

with DAG(
    "daily", schedule="@daily", start_date=pendulum.datetime(2026, 1, 1), end_date=pendulum.datetime(2026, 1, 3),
    catchup=True, tags=["shop"], description="Every day.", max_active_runs=2,
):
    begin = EmptyOperator(task_id="begin")
    with TaskGroup("load"):
        left = EmptyOperator(task_id="left")
        right = EmptyOperator(task_id="right")
    end = EmptyOperator(task_id="end")
    begin >> [left, right] >> end
"""


@pytest.fixture
def daily(dags: Path, run) -> Path:
    """A second file, with a DAG that has a schedule and a group."""
    (dags / "daily.py").write_text(DAILY)
    assert run("dag-processor", "--once")[0] == 0
    return dags


def test_details_are_those_of_the_version(run, daily: Path) -> None:
    code, out, _ = run("dags", "details", "daily", "-o", "json")
    (found,) = json.loads(out)
    assert code == 0
    assert (found["version"], found["max_active_runs"], found["tags"]) == (1, 2, ["shop"])
    assert found["tasks"] == ["begin", "load.left", "load.right", "end"]
    assert found["start_date"] == "2026-01-01T00:00:00+00:00"
    assert "Every day." in run("dags", "details", "daily")[1]


def test_an_unknown_dag_is_named_with_the_nearest(run, daily: Path) -> None:
    for verb in ("details", "show", "next-execution"):
        assert run("dags", verb, "dayly") == (
            1,
            "",
            "tradewind: There is no DAG 'dayly'; did you mean daily? `tradewind dags list` shows all. [no-such-dag]\n",
        )


def test_next_executions_follow_the_schedule_to_its_end(run, daily: Path) -> None:
    code, out, err = run("dags", "next-execution", "daily", "-n", "5", "-o", "json")
    days = [each["logical_date"][:10] for each in json.loads(out)]
    assert (code, days) == (0, ["2026-01-01", "2026-01-02", "2026-01-03"])
    assert "daily is paused" in err
    code, out, err = run("dags", "next-execution", "shop")
    assert (code, out, err) == (1, "", "shop has no next run: it has no schedule.\n")
    assert run("dags", "next-execution", "daily", "-n", "0")[0] == 2


def test_a_graph_is_written_as_dot_mermaid_and_text(run, daily: Path, tmp_path: Path) -> None:
    dot = run("dags", "show", "daily")[1]
    assert '"begin" -> "load.left";' in dot
    assert 'subgraph "cluster_load" {' in dot
    assert 't0["begin"]' in run("dags", "show", "daily", "--format", "mermaid")[1]
    text = run("dags", "show", "daily", "--format", "text")[1]
    assert text.splitlines() == ["begin", "    load.left", "        end", "    load.right", "        end (above)"]
    saved = tmp_path / "graph.mmd"
    assert run("dags", "show", "daily", "-s", str(saved))[0] == 0
    assert saved.read_text().startswith("flowchart LR")
    assert "says no format" in run("dags", "show", "daily", "-s", str(tmp_path / "graph"))[2]


def test_a_picture_needs_graphviz(run, daily: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program of that name on the path it is used; without, the sentence says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = tmp_path / "graph.svg"
    assert "needs Graphviz" in run("dags", "show", "daily", "-s", str(picture))[2]
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\n[ "$1" = -Tsvg ] && [ "$2" = -o ] && exec /bin/cat > "$3"\n')
    program.chmod(0o755)
    assert run("dags", "show", "daily", "-s", str(picture))[0] == 0
    assert picture.read_text().startswith('digraph "daily"')


@pytest.mark.skipif(shutil.which("dot") is None and not os.environ.get("CI"), reason="Graphviz is not installed")
def test_graphviz_reads_what_is_written(run, daily: Path) -> None:
    subprocess.run(["dot", "-Tsvg"], input=run("dags", "show", "daily")[1].encode(), check=True, capture_output=True)


def test_the_report_lists_files_by_their_time(run, daily: Path) -> None:
    rows = json.loads(run("dags", "report", "-o", "json")[1])
    assert {row["file"]: row["dags"] for row in rows} == {"good.py": ["shop"], "daily.py": ["daily"]}
    assert rows == sorted(rows, key=lambda row: -row["seconds"])
    assert all(row["error"] is None for row in rows)


def test_columns_are_chosen(run, daily: Path) -> None:
    out = run("dags", "list", "--columns", "dag_id,description", "-o", "json")[1]
    assert json.loads(out) == [
        {"dag_id": "daily", "description": "Every day."},
        {"dag_id": "shop", "description": None},
    ]
    assert "There is no column 'dagid'; did you mean dag_id?" in run("dags", "list", "--columns", "dagid")[2]


def test_several_dags_are_paused_by_a_pattern_after_asking(run, daily: Path) -> None:
    code, _, err = run("dags", "unpause", "--treat-dag-id-as-regex", "daily|shop")
    assert (code, err) == (
        1,
        "tradewind: 2 DAGs are to be unpaused: daily, shop. Nobody can be asked here: say --yes. [needs-confirmation]\n",
    )
    assert run("dags", "unpause", "--treat-dag-id-as-regex", "daily|shop", "--yes")[0] == 0
    rows = json.loads(run("dags", "list", "-o", "json")[1])
    assert [row["paused"] for row in rows] == [False, False]
    assert run("dags", "pause", "--treat-dag-id-as-regex", "zzz", "-y")[2].startswith(
        "tradewind: No DAG id matches 'zzz'"
    )
    assert "no regular expression" in run("dags", "pause", "--treat-dag-id-as-regex", "(", "-y")[2]
    out = run("dags", "pause", "shop", "-o", "json")[1]
    assert json.loads(out) == [{"dag_id": "shop", "paused": True}]


def test_runs_are_found_by_date_and_by_name(run, daily: Path) -> None:
    for day in (1, 2):
        assert run("dags", "trigger", "shop", "-e", f"2026-02-0{day}", "-r", f"r{day}")[0] == 0
    listed = json.loads(run("dags", "list-runs", "-d", "shop", "-s", "2026-02-02", "-o", "json")[1])
    assert [each["run_id"] for each in listed] == ["r2"]
    listed = json.loads(run("dags", "list-runs", "-d", "shop", "-e", "2026-02-01", "-o", "json")[1])
    assert [each["run_id"] for each in listed] == ["r1"]
    assert run("dags", "state", "shop", "r1") == (0, "queued\n", "")
    assert run("dags", "state", "shop", "2026-02-02T00:00:00Z") == (0, "queued\n", "")
    assert "There is no run 'r3' of a DAG 'shop'" in run("dags", "state", "shop", "r3")[2]


def test_a_triggered_run_is_json_for_programs(run, daily: Path) -> None:
    code, out, err = run("dags", "trigger", "shop", "-r", "mine", "-c", '{"n": 5}', "-o", "json")
    assert (code, json.loads(out)) == (0, [{"dag_id": "shop", "run_id": "mine", "conf": {"n": 5}}])
    assert "shop is paused" in err
    assert run("dags", "state", "shop", "mine")[1] == 'queued\n{"n": 5}\n'


def test_one_run_in_this_process_takes_date_and_conf(run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "echoing.py"
    file.write_text(
        "from tradewind import DAG\nfrom tradewind.operators.bash import BashOperator\n"
        "with DAG('echoing', schedule=None, params={'word': 'x'}):\n"
        "    BashOperator(task_id='say', bash_command='echo {{ ds }} {{ params.word }}')\n"
    )
    code, out, _ = run("dags", "test", "echoing", "2026-02-03", "--subdir", str(file), "--conf", '{"word": "hello"}')
    assert code == 0
    assert "2026-02-03 hello" in out
    code, out, _ = run("dags", "test", "echoing", "--file", str(file), "--logical-date", "2026-02-04")
    assert "2026-02-04 x" in out


def test_tasks_are_marked_by_a_pattern_in_place_of_being_executed(run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "loading.py"
    file.write_text(
        "from tradewind import DAG\nfrom tradewind.operators.bash import BashOperator\n"
        "with DAG('loading', schedule=None):\n"
        "    wait = BashOperator(task_id='wait_for', bash_command='exit 1')\n"
        "    wait >> BashOperator(task_id='load', bash_command='echo loaded')\n"
    )
    assert run("dags", "test", "loading", "--file", str(file))[0] == 1
    code, out, _ = run("dags", "test", "loading", "--file", str(file), "--mark-success-pattern", "wait_.*")
    assert code == 0
    assert "loaded" in out
    code, _, err = run("dags", "test", "loading", "--file", str(file), "--mark-success-pattern", "(")
    assert (code, "is no regular expression" in err) == (2, True)


def test_a_note_is_shown_where_a_run_has_one(run, dags: Path) -> None:
    assert run("dags", "trigger", "shop", "--run-id", "plain")[0] == 0
    assert "note" not in run("dags", "list-runs", "-d", "shop")[1]
    assert run("dags", "trigger", "shop", "--run-id", "noted", "--note", "after the outage")[0] == 0
    assert "after the outage" in run("dags", "list-runs", "-d", "shop")[1]
    shown = json.loads(run("dags", "list-runs", "-d", "shop", "-o", "json")[1])
    assert {each["run_id"]: each["note"] for each in shown} == {"plain": None, "noted": "after the outage"}


def test_every_param_that_is_wrong_is_named_at_once(run, dags: Path) -> None:
    text = (dags / "good.py").read_text()
    (dags / "good.py").write_text(text.replace("minimum=0)", 'minimum=0), "day": Param("2026-01-01", format="date")'))
    assert run("dag-processor", "--once")[0] == 0
    code, _, err = run("dags", "trigger", "shop", "--conf", '{"n": -1, "day": "soon"}')
    assert code != 0
    assert "Param 'n': -1 does not fit minimum = 0" in err
    assert "Param 'day': 'soon' does not fit format = 'date'" in err
    assert json.loads(run("dags", "list-runs", "-d", "shop", "-o", "json")[1]) == []
