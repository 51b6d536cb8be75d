"""The functions of `tradewind.testing`, without its fixtures."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pendulum
import pytest
from tradewind import DAG, Connection, Variable, task
from tradewind.exceptions import TradewindException
from tradewind.operators.bash import BashOperator
from tradewind.sensors.python import PythonSensor
from tradewind.testing.fakes import FakeConnections, FakeVariables
from tradewind.testing.integrity import assert_dag_integrity
from tradewind.testing.runs import load_dag, render, run_dag, run_task
from tradewind_plugins.host import current


def test_an_operator_without_a_dag_is_tried_alone() -> None:
    result = run_task(BashOperator(task_id="say", bash_command="echo {{ ds }}"), logical_date="2026-03-04")
    assert (result.state, result.value) == ("success", "2026-03-04")
    assert result.rendered["bash_command"] == "echo 2026-03-04"


def test_a_pull_under_no_key_finds_what_was_pushed_last() -> None:
    with DAG("keys", schedule=None) as dag:

        @task
        def own(ti=None) -> None:
            ti.xcom_push("z", 1)
            ti.xcom_push("a", 2)

        @task(multiple_outputs=True)
        def result(ti=None) -> dict[str, int]:
            ti.xcom_push("z", 1)
            return {"zz": 3}

        @task
        def each(value: int, ti=None) -> None:
            ti.xcom_push("own", value)

        @task
        def pull(ti=None) -> list[object]:
            asked = ("own", "result", "each", "none")
            return [ti.xcom_pull(task_ids=task_id, key=None) for task_id in asked]

        @task
        def none() -> None: ...

        [own(), result(), each.expand(value=[5, 6]), none()] >> pull()

    run = run_dag(dag)
    assert run.states == {
        "own": "success",
        "result": "success",
        "each": ["success"] * 2,
        "none": "success",
        "pull": "success",
    }
    assert run.value("pull") == [2, {"zz": 3}, [5, 6], None]
    assert run_task(dag.get_task("pull"), xcoms={("own", "z"): 1, ("own", "a"): 2, "result": 3}).value == [
        2,
        3,
        None,
        None,
    ]


def test_retries_and_rescheduled_sensors_do_not_wait() -> None:
    looks: list[int] = []
    with DAG("patient", schedule=None) as dag:
        PythonSensor(
            task_id="wait",
            python_callable=lambda: len(looks) > 2 or looks.append(1),
            mode="reschedule",
            poke_interval=3600,
        )

        @task(retries=3, retry_delay=timedelta(hours=1))
        def flaky(ti=None) -> int:
            if ti.try_number < 3:
                raise RuntimeError("not yet")
            return ti.try_number

        flaky()
    begun = datetime.now(timezone.utc)
    run = run_dag(dag)
    assert run.state == "success"
    assert run.value("flaky") == 3
    assert datetime.now(timezone.utc) - begun < timedelta(minutes=10)


def test_fakes_take_every_form() -> None:
    fakes = FakeConnections({"a": "http://host:80", "b": {"conn_type": "ssh", "host": "h"}})
    fakes["c"] = Connection(conn_id="x", conn_type="ftp")
    fakes["d"] = '{"conn_type": "sqlite", "host": "f.db"}'
    assert [each.conn_type for each in fakes.values()] == ["http", "ssh", "ftp", "sqlite"]
    assert fakes["c"].conn_id == "c"
    del fakes["a"]
    assert len(fakes) == 3
    variables = FakeVariables({"text": "x", "data": [1, 2]})
    assert dict(variables) == {"text": "x", "data": "[1, 2]"}


def test_a_file_that_reads_variables_when_it_is_imported(tmp_path: Path) -> None:
    file = tmp_path / "many.py"
    file.write_text(
        "from tradewind import DAG, Variable\n"
        "for n in range(int(Variable.get('count'))):\n"
        "    with DAG(f'made_{n}', schedule=None): pass\n"
    )
    assert load_dag(file, "made_1", variables={"count": 2}).dag_id == "made_1"
    assert load_dag(file, variables={"count": 1}).dag_id == "made_0"
    with pytest.raises(TradewindException, match="has the DAGs made_0, made_1: name one of them"):
        load_dag(file, variables={"count": 2})


def test_the_environment_s_variables_are_not_those_of_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_VAR_WORD", "outside")

    @task
    def read() -> str:
        return Variable.get("word", "nothing")

    with DAG("reading", schedule=None) as dag:
        read()
    assert run_dag(dag, logical_date=pendulum.datetime(2026, 1, 1)).value("read") == "nothing"
    assert run_task(dag.get_task("read"), variables={"word": "inside"}).value == "inside"
    assert render(dag.get_task("read"))["op_args"] == ()


def test_a_folder_is_sound_or_each_fault_is_named(tmp_path: Path) -> None:
    good = "from tradewind import DAG\nwith DAG('good', schedule=None): pass\n"
    (tmp_path / "good.py").write_text(good)
    assert_dag_integrity(tmp_path)
    (tmp_path / "again.py").write_text(good)
    (tmp_path / "broken.py").write_text("from tradewind import DAG\n1 / 0\n")
    (tmp_path / "asking.py").write_text(
        "from tradewind import DAG, Variable\nDAG(Variable.get('name'), schedule=None)\n"
    )
    with pytest.raises(AssertionError) as caught:
        assert_dag_integrity(tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"{tmp_path / 'asking.py'}:2: ")
    assert lines[1].startswith(f"{tmp_path / 'broken.py'}:2: ZeroDivisionError")
    assert "again.py" in lines[2]
    (tmp_path / "broken.py").unlink()
    (tmp_path / "again.py").unlink()
    assert_dag_integrity(tmp_path, variables={"name": "named"})


def test_a_folder_without_dags_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="has no file that makes a DAG"):
        assert_dag_integrity(tmp_path)


def test_tasks_of_a_run_look_at_its_tables_and_at_the_fakes() -> None:
    with DAG("looking", schedule=None) as dag:

        @task
        def first() -> int:
            return 7

        @task
        def second(run_id=None) -> list[object]:
            read = current().read_table
            (run,) = read("dag_run", {"run_id": [run_id]}, {})["rows"]
            (pushed,) = read("xcom", {"dag_id": ["looking"], "key": ["return_value"]}, {})["rows"]
            (connection,) = read("connection", {"conn_id": ["db"]}, {})["rows"]
            (variable,) = read("variable", {}, {})["rows"]
            print("the password is", connection["password"])
            with pytest.raises(TradewindException, match="a test has no table 'pool' of an installation"):
                read("pool", {}, {})
            return [run["state"], pushed["value"], connection["host"], variable["key"]]

        first() >> second()
    run = run_dag(dag, connections={"db": "http://u:hunter2@host"}, variables={"key": "value"})
    assert run.state == "success", run.log
    assert run.value("second") == ["running", "7", "host", "key"]
    assert "hunter2" not in run.log


def test_a_task_that_is_tried_alone_has_no_runs_to_look_at() -> None:
    @task
    def look() -> list[object]:
        with pytest.raises(TradewindException, match="a test has no table 'dag_run'"):
            current().read_table("dag_run", {}, {})
        return [row["value"] for row in current().read_table("variable", {}, {})["rows"]]

    with DAG("looking", schedule=None):
        tried = look()
    assert run_task(tried, variables={"key": "value"}).value == ["value"]
