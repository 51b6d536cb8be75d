"""What newcomers get wrong: every message names the thing, the place and the way out, in a line or two."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind.plugins import known
from tradewind.plugins.current import registry

OK_WITH_BREAKPOINT = """
from tradewind import dag, task

@dag(schedule=None)
def stop():
    @task
    def look():
        y = 41
        breakpoint()
        return y

    look()

stop()
"""
BROKEN = "from tradewind import dag\n@dag(schedule=None\ndef shopping(): ...\n"
FROM_AIRFLOW = "from airflow import DAG\nwith DAG('old'): ...\n"
REFUSED = """
from datetime import timedelta
from tradewind import DAG
from tradewind.operators.bash import BashOperator

with DAG("late", schedule=None):
    BashOperator(task_id="x", bash_command="true", run_as_user="me")
"""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dgas", "list"], "invalid choice: 'dgas'; did you mean dags?"),
        (["dags", "lst"], "invalid choice: 'lst'; did you mean list?"),
        (["dags", "list", "-o", "jsn"], "invalid choice: 'jsn'; did you mean json?"),
        (["dags", "trigger", "shop", "--wiat"], "unrecognized arguments: --wiat; did you mean --wait?"),
        (["list_dags"], "Airflow's 'list_dags' is `tradewind dags list` here [wrong-usage]"),
        (["initdb"], "Airflow's 'initdb' is `tradewind db migrate` here [wrong-usage]"),
        (["run", "shop", "numbers"], "Airflow's 'run' is `tradewind tasks run` here [wrong-usage]"),
        (["dags", "backfill", "shop"], "the following arguments are required: -s/--start-date [wrong-usage]"),
        (["create_user", "-u", "ada"], "Airflow's 'create_user' is `tradewind users create` here"),
        (["dags", "list-runs", "shop"], "unrecognized arguments: shop; did you mean --dag-id shop? [wrong-usage]"),
        (["version", "--x"], "tradewind version: error: unrecognized arguments: --x [wrong-usage]\n"),
        (["dags", "trigger", "shop", "-c", "n=1"], """write it as '{"name": "value"}'"""),
        (["dags", "trigger", "shop", "-c", "[1]"], """[1] is no JSON object; write it as '{"name": "value"}'"""),
    ],
)
def test_wrong_words(run, words: list[str], told: str) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "begin it with sqlite:/// and a file, or with postgresql://user:password@host/name"),
        ("oracle://u:p@localhost/x", "a kind of database that Tradewind does not run on"),
        ("postgresql://u:p@localhost:port/x", "database.url is no URL"),
        (
            "postgresql+psycopg2://u:p@localhost/x",
            "the driver 'psycopg2', which Tradewind cannot use here: leave it out and write",
        ),
        ("sqlite:///there_is_none.db", f"There is no database yet at {Path.cwd()}/there_is_none.db: run"),
        ("sqlite:////proc/nowhere/x.db", "There is no database yet at /proc/nowhere/x.db: run `tradewind db migrate`"),
    ],
)
def test_a_wrong_database_url(run, home: Path, monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", url)
    code, _, err = run("dags", "list")
    assert code == 1
    assert told in err
    assert len(err.splitlines()) == 1
    assert "u:p" not in err


@pytest.mark.parametrize(
    "words", [["db", "migrate"], ["standalone", "--port", "0"], ["standalone", "-D", "--port", "0"]]
)
def test_a_home_that_cannot_be_written(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", "/proc/nowhere")
    code, _, err = run(*words)
    assert code == 1
    assert "/proc/nowhere" in err
    assert "TRADEWIND_HOME" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("kind", "driver", "extra"), [("postgresql", "psycopg", "postgres"), ("mariadb", "pymysql", "mysql")]
)
@pytest.mark.usefixtures("home")
def test_a_server_without_its_driver(run, monkeypatch: pytest.MonkeyPatch, kind: str, driver: str, extra: str) -> None:
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", f"{kind}://localhost/x")
    monkeypatch.setitem(sys.modules, driver, None)
    assert f'pip install "tradewind[{extra}]"' in run("dags", "list")[2]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "CORE__SQL_ALCHEMY_CONN",
            "core.sql_alchemy_conn in the environment. Airflow's core.sql_alchemy_conn is database.url",
        ),
        ("WEB__PROT", "web.prot in the environment. Did you mean web.port?"),
    ],
)
def test_a_setting_that_is_called_otherwise(run, home: Path, monkeypatch, name: str, told: str) -> None:
    monkeypatch.setenv(f"TRADEWIND__{name}", "x")
    code, _, err = run("dags", "list")
    assert code == 1
    assert f"Unknown configuration key {told}" in err
    assert err.endswith(" [config-unknown-key]\n")


def test_what_the_environment_says_to_airflow_is_named_by_the_doctor(run, home: Path, monkeypatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", "/srv/dags")
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", "sqlite:///shop.db")
    found = {row["check"]: row for row in json.loads(run("doctor", "-o", "json")[1])}
    assert found["environment"]["verdict"] == "warning"
    assert "AIRFLOW_CONN_SHOP, AIRFLOW__CORE__DAGS_FOLDER" in found["environment"]["what"]
    assert "TRADEWIND_CONN_" in found["environment"]["way out"]


@pytest.mark.parametrize("command", ["webserver", "standalone"])
def test_a_port_that_is_taken(run, home: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run(command, "--port", str(port))
    told = "Address already in use, perhaps by a Tradewind that runs already"
    way = "Give another port with --port or web.port."
    assert (code, err) == (1, f"tradewind: Cannot listen on 127.0.0.1:{port}: {told}. {way} [port-in-use]\n")
    assert "password" not in out


def test_a_port_that_is_none(run, home: Path) -> None:
    assert run("standalone", "--port", "99999")[2] == (
        "tradewind: There is no port 99999: give one from 0 (any that is free) to 65535. [wrong-usage]\n"
    )


@pytest.mark.parametrize("words", [["trigger", "shp"], ["pause", "shp"], ["list-runs", "-d", "shp"]])
def test_a_dag_id_that_is_mistyped(run, dags: Path, words: list[str]) -> None:
    assert run("dags", *words) == (
        1,
        "",
        "tradewind: There is no DAG 'shp'; did you mean shop? `tradewind dags list` shows all. [no-such-dag]\n",
    )


def test_a_dag_whose_file_is_broken(run, dags: Path) -> None:
    (dags / "broken.py").write_text(BROKEN)
    run("dag-processor", "--once")
    note = "1 file could not be imported: `tradewind dags list-import-errors` shows why."
    assert run("dags", "trigger", "billing")[2] == (
        f"tradewind: There is no DAG 'billing': `tradewind dags list` shows all. {note} [no-such-dag]\n"
    )
    assert run("dags", "list")[2] == f"{note}\n"


def test_import_errors_in_every_form(run, dags: Path) -> None:
    (dags / "broken.py").write_text(BROKEN)
    (dags / "old.py").write_text(FROM_AIRFLOW)
    run("dag-processor", "--once")
    code, out, _ = run("dags", "list-import-errors", "-o", "json")
    broken, old = json.loads(out)
    assert code == 1
    assert broken["trace"].startswith('  File "'), "a syntax error's trace has no frame of Tradewind"
    assert old["line"] == 1
    assert old["error"].endswith(
        "'airflow'; run: pip install tradewind-airflow-names, or write the names of Tradewind: "
        "from tradewind import DAG, dag, task; "
        "from tradewind.operators.bash import BashOperator [module-missing]"
    )
    assert "was never closed" in run("dags", "list-import-errors")[1]
    assert run("dags", "list-import-errors", "-o", "plain")[1].startswith("broken.py\t2\tSyntaxError")
    assert run("dags", "list-import-errors", "-o", "yaml")[1].startswith("- file: broken.py\n  line: 2\n")


def test_runs_that_there_are_none_of(run, dags: Path) -> None:
    assert run("dags", "list-runs", "-d", "shop")[2] == "No runs yet: tradewind dags trigger shop\n"
    assert run("dags", "list-runs", "-d", "shop", "--state", "failed")[2] == "No runs that are failed.\n"


def test_a_value_that_does_not_fit_its_param(run, dags: Path) -> None:
    code, _, err = run("dags", "trigger", "shop", "-c", '{"n": "many"}')
    assert code == 1
    assert err == "tradewind: Param 'n': 'many' does not fit type = 'integer' of its schema. [param-invalid]\n"


def test_waiting_for_a_paused_dag(run, dags: Path) -> None:
    code, out, err = run("dags", "trigger", "shop", "--wait", "-r", "first")
    assert (code, out) == (1, "Run first of shop is made.\n")
    assert err == (
        "tradewind: shop is paused, so the run waits: `tradewind dags unpause shop` starts it, "
        "`--unpause` does so when you trigger. [dag-paused]\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nubmers"], "Run 'first' has no task 'nubmers'; did you mean numbers?"),
        (["numbers"], "Task 'numbers' has no log in run 'first', as its state is none:"),
        (["numbers", "--map-index", "3"], "Task 'numbers' has no instances: leave --map-index out."),
        (["numbers", "--try-number", "3"], "Task 'numbers' has no log of try 3 in run 'first'"),
    ],
)
def test_logs_that_are_not_there(run, dags: Path, words: list[str], told: str) -> None:
    run("dags", "trigger", "shop", "-r", "first")
    task_id, *options = words
    code, _, err = run("tasks", "logs", "shop", task_id, "first", *options)
    assert code == 1
    assert told in err


def test_dags_test_looks_past_broken_files_and_names_them(run, dags: Path) -> None:
    (dags / "a_broken_shop.py").write_text(BROKEN)
    assert run("dags", "test", "shop")[0] == 0
    code, _, err = run("dags", "test", "shopp")
    assert code == 1
    assert "has a DAG 'shopp'; did you mean shop? Or name its file with --file." in err
    assert "a_broken_shop.py could not be imported: SyntaxError: '(' was never closed." in err


HEAD = "from tradewind import DAG, dag, task\nfrom tradewind.operators.empty import EmptyOperator\n"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "from tradewind.models import Variable",
            "from tradewind itself: from tradewind import DAG, Param, [module-missing]",
        ),
        ("from tradewind.decorators import dag", "from tradewind itself: from tradewind import [module-missing]"),
        (
            "import tradewind.providers.sqlite",
            "providers are packages of their own: from tradewind_sqlite [module-missing]",
        ),
        ("import tradewind.operators.dummy", "here it is tradewind.operators.empty [module-missing]"),
        ("import tradewind.operators.python_operator", "here it is tradewind.operators.python [module-missing]"),
        (
            "import pandsa",
            "install it where Tradewind runs, or put it into the DAG folder if it is yours [module-missing]",
        ),
        ("from tradewind import Varable", "did you mean Variable? [import-failed]"),
        ("from tradewind import XCom", "did you mean XComArg? [import-failed]"),
        ("from tradewind import days_ago", "teardown [import-failed]"),
        (
            "with DAG('a') as a: ...\nwith DAG('b') as b: ...\na >> b",
            "join tasks of one DAG. Put the tasks of both [dag-invalid]",
        ),
        (
            "with DAG('a'):\n    a = [EmptyOperator(task_id='a')]\n    a >> [EmptyOperator(task_id='b')]",
            "chain and cross_downstream of tradewind join lists of tasks [import-failed]",
        ),
        ("with DAG('a'):\n    EmptyOperator()", "'task_id'; give it a task_id [import-failed]"),
        ("from tradewind import Variable\nVariable.get('host')", "set it, or give a default_var [import-failed]"),
        (
            "@dag(schedule='every day')\ndef a(): ...\na()",
            "'every day' is not a schedule: give a cron [schedule-invalid]",
        ),
    ],
)
def test_what_newcomers_write_in_dag_files(run, dags: Path, code: str, told: str) -> None:
    file = dags / "mine.py"
    file.write_text(HEAD + code + "\n")
    (found,) = json.loads(run("dags", "check", str(file), "-o", "json")[1])
    (error,) = found["errors"]
    words, _, error_id = told.rpartition(" [")
    assert words in error["error"]
    assert error["id"] == error_id.rstrip("]")
    assert f" [{error['id']}]\n" in run("dags", "check", str(file))[1]
    assert run("dags", "trigger", "shop")[0] == 0, "what stands beside it goes on working"


def test_a_dag_function_that_nobody_calls_is_a_warning(run, dags: Path) -> None:
    file = dags / "mine.py"
    file.write_text(HEAD + "@dag(schedule=None)\ndef mine():\n    EmptyOperator(task_id='a')\n")
    told = "The file makes no DAG, as the @dag function mine is never called: write mine() at its end."
    assert json.loads(run("dags", "check", str(file), "-o", "json")[1])[0]["warnings"] == [told]
    run("dag-processor", "--once")
    assert told in run("dags", "list-warnings", "-o", "plain")[1]
    assert (
        "makes no DAG: with @dag, call the function at the end of the file, mine();"
        in (run("dags", "test", "mine", "--file", str(file))[2])
    )


def test_a_schedule_without_a_start_is_a_warning(run, dags: Path) -> None:
    file = dags / "mine.py"
    body = "def mine():\n    EmptyOperator(task_id='a')\nmine()\n"
    file.write_text(f"{HEAD}@dag(schedule='@daily')\n{body}")
    (warning,) = json.loads(run("dags", "check", str(file), "-o", "json")[1])[0]["warnings"]
    assert warning.startswith(
        "DAG 'mine' has a schedule and no start_date, so it runs only when it is triggered: give it"
    )
    file.write_text(f"import pendulum\n{HEAD}@dag(start_date=pendulum.datetime(2026, 1, 1))\n{body}")
    assert json.loads(run("dags", "check", str(file), "-o", "json")[1])[0]["warnings"] == []


def test_a_dag_without_tasks_says_so_when_it_is_tested(run, dags: Path) -> None:
    file = dags / "mine.py"
    file.write_text(HEAD + "@dag(schedule=None)\ndef mine():\n    @task\n    def a(): ...\n    a\nmine()\n")
    assert (
        "DAG 'mine' has no tasks: with @task, call the function" in run("dags", "test", "mine", "--file", str(file))[1]
    )


def test_the_version_is_also_an_option(run) -> None:
    assert run("--version")[:2] == (0, run("version")[1].split()[-1] + "\n")


@pytest.mark.parametrize(
    ("word", "told"),
    [("no-such-dag", "# There is no DAG of that id\n"), ("[dag-paused]", "# The DAG is paused\n")],
)
def test_an_error_is_explained(run, word: str, told: str) -> None:
    code, out, err = run("explain", word)
    assert (code, err) == (0, "")
    assert out.startswith(told)
    assert "What to do:" in out


def test_all_errors_are_listed_and_the_nearest_is_named(run) -> None:
    listed = json.loads(run("explain", "-o", "json")[1])
    assert {"id": "no-such-dag", "title": "There is no DAG of that id"} in listed
    told = "There is no error 'no-such-dga'; did you mean no-such-dag? `tradewind explain` lists all. [no-such-error]"
    assert run("explain", "no-such-dga") == (1, "", f"tradewind: {told}\n")


@pytest.fixture
def owl(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is known, and not installed: of the real ones any may be."""
    monkeypatch.setattr(known, "providers", lambda: {"owl": {"executor": ["OwlExecutor"]}})


@pytest.mark.usefixtures("owl")
def test_dags_test_of_a_file_whose_provider_is_missing(run, dags: Path) -> None:
    file = dags / "jobs.py"
    file.write_text("import tradewind_owl\n")
    _, _, err = run("dags", "test", "jobs", "--file", str(file))
    assert err.endswith("No module named 'tradewind_owl'; run: pip install tradewind-owl [module-missing]\n")


def test_leaving_the_debugger_is_no_failure_of_ours(home: Path) -> None:
    file = home / "stop.py"
    file.write_text(OK_WITH_BREAKPOINT)
    command = [sys.executable, "-m", "tradewind", "dags", "test", "stop", "--file", str(file)]
    done = subprocess.run(command, input="p y + 1\nq\n", capture_output=True, text=True, check=False)
    assert "(Pdb) 42" in done.stdout
    assert (done.returncode, done.stderr) == (
        130,
        "tradewind: You left the debugger: the run was given up. [debugger-left]\n",
    )


def test_dags_test_without_a_folder(run, home: Path) -> None:
    code, _, err = run("dags", "test", "shop")
    assert code == 1
    assert err.startswith(
        f"tradewind: The DAG folder {home / 'dags'} is not there or cannot be read: name the DAG's file"
    )


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads everything")
@pytest.mark.parametrize("name", ["tradewind.toml", "fernet.key"])
def test_a_file_that_may_not_be_read_is_one_line(home: Path, run, name: str) -> None:
    run("connections", "add", "shop", "--conn-type", "sqlite", "--conn-password", "secret")
    (home / "tradewind.toml").touch()
    (home / name).chmod(0)
    # As root, permission is asked for only without these capabilities
    alone = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*alone, sys.executable, "-m", "tradewind", "connections", "get", "shop"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"tradewind: No permission to use {home / name}: run this as the user whom it belongs to, or name another "
        "folder with TRADEWIND_HOME. [no-permission]\n"
    )


def test_dags_test_of_a_broken_file_begins_at_its_own_line(run, dags: Path) -> None:
    file = dags / "late.py"
    file.write_text(REFUSED)
    code, _, err = run("dags", "test", "late", "--file", str(file))
    first, trace, where, *_, last = err.splitlines()
    assert code == 1
    assert (first, trace) == (f"tradewind: {file} could not be imported:", "Traceback (most recent call last):")
    assert where == f'  File "{file}", line 7, in <module>'
    assert "run_as_user='me' cannot be followed" in last


@pytest.mark.usefixtures("owl")
@pytest.mark.parametrize(
    ("name", "hint"),
    [("LocalExecuter", ""), ("OwlExecutor", "; run: pip install tradewind-owl")],
)
def test_an_executor_that_nobody_declares(run, home: Path, monkeypatch, name: str, hint: str) -> None:
    there = ", ".join(registry().names("executor"))
    told = f"names the executor '{name}', which nothing installed declares; known: {there}{hint} [config-invalid]\n"
    assert run("worker", "--executor", name) == (1, "", f"tradewind: --executor {told}")
    monkeypatch.setenv("TRADEWIND__EXECUTOR__DEFAULT", name)
    assert run("worker") == (1, "", f"tradewind: executor.default {told}")
    assert run("scheduler") == (1, "", f"tradewind: executor.default {told}")
