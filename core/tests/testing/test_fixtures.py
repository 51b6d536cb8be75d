"""`pytest -p tradewind.testing`, as somebody with DAGs uses it: their test files, run by a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOP = """
import json
from datetime import datetime
from tradewind import DAG, Connection, Param, Variable, task
from tradewind.exceptions import TradewindSkipException
from tradewind.operators.bash import BashOperator

with DAG("shop", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, params={"limit": Param(2, type="integer")}):

    @task
    def numbers(params=None):
        return list(range(params["limit"]))

    @task(retries=1)
    def square(n, ti=None):
        if n == 1 and ti.try_number == 1:
            raise ValueError("the first try of one fails")
        return n * n

    @task
    def keep(values):
        Variable.set("total", str(sum(values)))
        print("to", Connection.get("shop_db").host, "with", Connection.get("shop_db").password)

    @task.branch
    def choose(total):
        return "big" if total > 10 else "small"

    @task
    def small():
        raise TradewindSkipException("nothing to do")

    @task
    def big():
        return datetime.now().isoformat()

    say = BashOperator(task_id="say", bash_command="echo {{ ds }} {{ params.limit }} {{ var.value.word }}")
    keep(square.expand(n=numbers()))
    choose(5) >> [small(), big()]
"""

TESTS = """
import pytest
from pathlib import Path
from tradewind.exceptions import TradewindNotFoundException

FILE = Path(__file__).parent / "dags" / "shop.py"


@pytest.fixture
def dag(load_dag):
    return load_dag(FILE)


def test_a_whole_run(run_dag, dag, fake_connections, fake_variables):
    fake_connections["shop_db"] = "sqlite://user:sesame@counter/shop"
    fake_variables["word"] = "hello"
    run = run_dag(dag, conf={"limit": 3}, logical_date="2026-02-03")
    assert run.state == "success", run.causes
    assert run.states["square"] == ["success"] * 3
    assert run.states["big"] == "skipped"
    assert run.value("square") == [0, 1, 4]
    assert run.value("say") == "2026-02-03 3 hello"
    assert fake_variables["total"] == "5"
    assert "sesame" not in run.log


def test_a_run_that_fails_says_why(run_dag, dag, fake_variables):
    fake_variables["word"] = "x"
    run = run_dag(dag)
    assert run.state == "failed"
    assert "Connection 'shop_db' is not given in this test" in run.causes["keep"]


def test_one_task(run_task, dag):
    assert run_task(dag.get_task("numbers"), conf={"limit": 4}).value == [0, 1, 2, 3]
    assert run_task(dag.get_task("square"), xcoms={"numbers": [7, 8]}, map_index=1).value == 64
    with pytest.raises(ValueError, match="the first try of one fails"):
        run_task(dag.get_task("square"), xcoms={"numbers": [1]})
    assert run_task(dag.get_task("square"), xcoms={"numbers": [1]}, try_number=2).value == 1


def test_branches_and_skips(run_task, dag):
    assert run_task(dag.get_task("choose")).skipped == ("big",)
    result = run_task(dag.get_task("small"))
    assert (result.state, result.reason) == ("skipped", "nothing to do")


def test_templates(render, dag, fake_variables):
    fake_variables["word"] = "sure"
    rendered = render(dag.get_task("say"), logical_date="2026-05-06")
    assert rendered["bash_command"] == "echo 2026-05-06 2 sure"


def test_the_clock_stands_still(run_task, dag, frozen_clock):
    assert run_task(dag.get_task("big")).value.startswith("2026-01-01T12:00:00")
    frozen_clock.move_to("2026-07-01")
    frozen_clock.forward(hours=1)
    assert run_task(dag.get_task("big")).value == "2026-07-01T01:00:00"


def test_what_was_not_given_is_named(run_task, dag):
    with pytest.raises(TradewindNotFoundException, match="fake_connections"):
        run_task(dag.get_task("keep"), xcoms={"square": [1]})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with DAGs and tests, and a home that must stay as it is."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "shop.py").write_text(SHOP)
    (tmp_path / "test_shop.py").write_text(TESTS)
    (tmp_path / "home").mkdir()
    return tmp_path


def own_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, as its owner would."""
    home = {
        "TRADEWIND_HOME": str(folder / "home"),
        "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder / "home"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, env=os.environ | home, capture_output=True, text=True, check=False)


def test_the_fixtures_do_what_their_docs_say(project: Path) -> None:
    done = own_pytest(project, "-p", "tradewind.testing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_nothing_is_left_behind(project: Path) -> None:
    before = sorted(path for path in project.rglob("*"))
    assert own_pytest(project, "-p", "tradewind.testing").returncode == 0
    assert sorted(path for path in project.rglob("*")) == before


def test_nobody_s_pytest_has_them_unasked(project: Path) -> None:
    done = own_pytest(project, "--setup-show")
    assert done.returncode == 1
    assert "fixture 'run_dag' not found" in done.stdout
