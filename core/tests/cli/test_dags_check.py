"""`tradewind dags check` as a command: what it says about files, without a database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from tradewind.cli.main import main

GOOD = """
    from tradewind import DAG
    from tradewind.operators.bash import BashOperator

    with DAG("good", schedule=None):
        BashOperator(task_id="one", bash_command="true") >> BashOperator(task_id="two", bash_command="true")
"""
LEAVES = """
    import socket, threading, time
    from tradewind import DAG, Variable

    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    kept = socket.socket()
    made = DAG("leaves", description=Variable.get("greeting"), schedule=None)
"""
WHIMS = """
    import datetime
    from tradewind import DAG

    made = DAG("whims", start_date=datetime.datetime.now(datetime.timezone.utc), schedule=None)
"""


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def check(tmp_path, monkeypatch, capfd):
    """Run the check in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "home"))

    def run(*words: str, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            code = main(["dags", "check", *words])
        return Done(code, *capfd.readouterr())

    return run


@pytest.fixture
def put(tmp_path):
    def put(path: str, source: str) -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(source))
        return target

    return put


def test_files_are_described_and_an_error_is_exit_code_1(check, put, tmp_path):
    put("dags/good.py", GOOD)
    put("dags/team/bad.py", "from tradewind import DAG\n\nDAG('bad', shedule=None)\n")
    put("dags/notes.py", "X = 1\n")
    done = check("dags")
    assert done.stdout.splitlines()[0].startswith("dags/good.py: good (2 tasks, 1 edges) in ")
    assert "  error, line 3: TradewindException: DAG 'bad': DAG has no argument 'shedule'." in done.stdout
    assert done.stdout.splitlines()[-1] == "2 files, 1 DAG, 1 error, 0 warnings."
    assert (done.returncode, done.stderr) == (1, "")
    assert not (tmp_path / "home" / "tradewind.db").exists()
    good = check("dags/good.py", "dags/notes.py")
    assert good.returncode == 0
    assert "dags/notes.py: not imported, as it mentions no DAG" in good.stdout


def test_json_has_it_all(check, put):
    put("dags/leaves.py", LEAVES)
    put("dags/helper.py", "X = 1\n")
    done = check("dags/leaves.py", "-o", "json", TRADEWIND_VAR_GREETING="hello")
    (found,) = json.loads(done.stdout)
    assert found["dags"] == [{"dag_id": "leaves", "tasks": 0, "edges": 0}]
    assert (found["fork_safe"], len(found["hazards"]), found["hazards"][1]) == (False, 2, "an open socket")
    assert found["inputs"]["files"] == ["leaves.py"]
    assert found["inputs"]["variables"] == ["greeting"]
    assert len(found["warnings"]) == 1
    assert (done.returncode, found["errors"]) == (0, [])
    assert check("dags/leaves.py", "--strict", TRADEWIND_VAR_GREETING="hello").returncode == 1
    missing = check("dags/leaves.py")
    assert "greeting" in missing.stdout
    assert missing.returncode == 1


def test_slow_imports_are_named(check, put):
    put("dags/slow_helper.py", "import time\nbegan = time.monotonic()\nwhile time.monotonic() < began + 0.1: pass\n")
    put("dags/flow.py", "import slow_helper\n" + dedent(GOOD))
    (found,) = json.loads(check("dags/flow.py", "-o", "json").stdout)
    assert found["slow_imports"][0]["package"] == "slow_helper"
    assert 0.1 <= found["slow_imports"][0]["seconds"] <= found["seconds"]
    assert found["inputs"]["files"] == ["flow.py", "slow_helper.py"]


def test_what_differs_between_two_imports_is_a_warning(check, put):
    put("dags/whims.py", WHIMS)
    done = check("dags/whims.py")
    assert "warning: DAG 'whims': start_date is different each time the file is imported" in done.stdout
    assert done.returncode == 0


def test_one_id_in_two_files_is_an_error_and_the_neighbour_is_described(check, put):
    put("dags/a.py", GOOD)
    put("dags/b.py", GOOD)
    put("dags/other.py", GOOD.replace('"good"', '"other"'))
    done = check("dags")
    assert "'good' is defined in dags/" in done.stdout
    assert "dags/other.py: other (2 tasks" in done.stdout
    assert done.returncode == 1


def test_a_package_s_module_is_imported_from_above_it(check, put):
    put("src/pipelines/__init__.py", "")
    put("src/pipelines/names.py", "NAME = 'inside'\n")
    put("src/pipelines/flow.py", "from tradewind import DAG\nfrom pipelines.names import NAME\nmade = DAG(NAME)\n")
    assert "src/pipelines/flow.py: inside (0 tasks" in check("src/pipelines/flow.py").stdout


def test_a_path_that_is_not_there_is_one_sentence(check):
    done = check("none.py")
    assert (done.returncode, done.stderr) == (1, "tradewind: There is no file or folder none.py. [file-unreadable]\n")


def test_the_processor_s_warnings_and_errors_are_listed(home, run):
    (home / "dags").mkdir()
    (home / "dags" / "whims.py").write_text(dedent(WHIMS))
    (home / "dags" / "bad.py").write_text("from tradewind import DAG\n\nDAG('bad', shedule=None)\n")
    run("dag-processor", "--once")
    code, out, _ = run("dags", "list-warnings", "-o", "json")
    (found,) = json.loads(out)
    assert (code, found["file"]) == (0, "whims.py")
    assert found["warning"].startswith("DAG 'whims': start_date is different each time")
    code, out, _ = run("dags", "list-import-errors", "-o", "json")
    (failed,) = json.loads(out)
    assert (code, failed["file"], failed["line"]) == (1, "bad.py", 3)
    assert "DAG('bad', shedule=None)" in failed["trace"]
