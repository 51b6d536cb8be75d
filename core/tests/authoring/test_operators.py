"""The operators that come with Tradewind, executed for real."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from tradewind import BaseSensorOperator, Param, task
from tradewind.authoring.context import build_context
from tradewind.exceptions import TradewindException, TradewindSkipException
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from tradewind.sensors.base import BaseSensor
from tradewind.sensors.python import PythonSensor


def test_bash_returns_the_last_line_and_logs_all(dag, run, caplog):
    caplog.set_level(logging.INFO)
    BashOperator(task_id="b", bash_command="echo one; echo {{ ds }} >&2; printf two", dag=dag)
    assert run(dag, "b") == "two"
    assert [record.message for record in caplog.records] == ["one", "2024-03-10", "two"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, TradewindSkipException),
        ({"skip_on_exit_code": None}, TradewindException),
        ({"skip_on_exit_code": [1, 99]}, TradewindSkipException),
        ({"skip_on_exit_code": 1}, TradewindException),
    ],
)
def test_the_exit_code_decides(dag, run, arguments, error):
    BashOperator(task_id="b", bash_command="exit 99", dag=dag, **arguments)
    with pytest.raises(error, match="code 99") as caught:
        run(dag, "b")
    assert type(caught.value) is error


def test_the_environment_is_replaced_or_completed(dag, run, monkeypatch):
    monkeypatch.setenv("OUTER", "outer")
    command = 'echo "$OUTER/$OWN/$TRADEWIND_CTX_DAG_ID/$TRADEWIND_CTX_TASK_ID"'
    BashOperator(task_id="inherits", bash_command=command, dag=dag)
    BashOperator(task_id="replaces", bash_command=command, env={"OWN": "{{ run_id }}"}, dag=dag)
    BashOperator(task_id="completes", bash_command=command, env={"OWN": "own"}, append_env=True, dag=dag)
    assert run(dag, "inherits") == "outer//made/inherits"
    assert run(dag, "replaces") == "/manual__1/made/replaces"
    assert run(dag, "completes") == "outer/own/made/completes"


def test_the_folder_is_temporary_unless_given(dag, run, tmp_path):
    BashOperator(task_id="temporary", bash_command="touch here; pwd", dag=dag)
    BashOperator(task_id="given", bash_command="pwd", cwd=str(tmp_path), dag=dag)
    BashOperator(task_id="missing", bash_command="pwd", cwd=str(tmp_path / "none"), dag=dag)
    assert not Path(run(dag, "temporary")).exists()
    assert run(dag, "given") == str(tmp_path)
    with pytest.raises(TradewindException, match="none' is not a folder"):
        run(dag, "missing")


def test_a_processor_makes_the_xcom(dag, run):
    BashOperator(task_id="b", bash_command="echo '[1, 2]'", output_processor=len, dag=dag)
    assert run(dag, "b") == 6


def test_a_script_beside_the_dag_is_a_template(dag, run, tmp_path):
    (tmp_path / "script.sh").write_text("echo {{ ds_nodash }}\n")
    dag.fileloc = str(tmp_path / "dag.py")
    BashOperator(task_id="b", bash_command="script.sh", dag=dag)
    assert run(dag, "b") == "20240310"


def test_a_command_that_is_killed_while_it_begins_ends(dag):
    operator = BashOperator(task_id="b", bash_command="sleep 60", cwd="/", dag=dag)
    operator.on_kill()  # the process is not known yet: the signal came between its start and that
    with pytest.raises(TradewindException, match="exited with code -15"):
        operator.execute(build_context(operator, dag_run={"run_id": "r"}))



def test_killing_reaches_what_the_command_has_started(dag):
    started = threading.Event()

    class Noticing(logging.Handler):
        def emit(self, record):
            started.set()

    operator = BashOperator(task_id="b", bash_command="sleep 1000 & echo started; wait", cwd="/", dag=dag)
    operator.log.addHandler(handler := Noticing())
    operator.log.setLevel(logging.INFO)
    killer = threading.Thread(target=lambda: started.wait(10) and operator.on_kill())
    killer.start()
    with pytest.raises(TradewindException, match="code -15"):
        operator.execute(build_context(operator, dag_run={"run_id": "r"}))
    killer.join()
    operator.log.removeHandler(handler)


def test_python_operators_render_arguments_and_give_the_context(dag, run):
    def show(day, ds, templates_dict=None, **context):
        return day, ds, templates_dict, context["ti"].task_id

    PythonOperator(
        task_id="p",
        python_callable=show,
        op_args=["{{ ds_nodash }}"],
        templates_dict={"run": "{{ run_id }}"},
        provide_context=True,
        dag=dag,
    )
    assert run(dag, "p") == ("20240310", "2024-03-10", {"run": "manual__1"}, "p")


def test_a_decorated_function_has_rendered_values_too(dag, run):
    with dag:

        @task(templates_dict={"run": "{{ run_id }}"}, show_return_value_in_logs=False)
        def show(templates_dict=None):
            return templates_dict

        show()
    assert run(dag, "show") == {"run": "manual__1"}


def test_a_function_without_parameters_gets_none(dag, run):
    PythonOperator(task_id="p", python_callable=lambda: 5, dag=dag)
    assert run(dag, "p") == 5


def test_a_function_written_in_c_is_called_as_it_is(dag, run):
    PythonOperator(task_id="p", python_callable=max, op_args=[1, 3, 2], dag=dag)
    assert run(dag, "p") == 3


def test_a_branch_operator_skips_and_returns_the_choice(dag, run):
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "left", dag=dag)
    choose >> [EmptyOperator(task_id=name, dag=dag) for name in ("left", "right")]
    assert run(dag, "choose") == "left"
    assert run.ti.skipped_task_ids == ["right"]


def test_an_open_short_circuit_skips_nothing(dag, run):
    ShortCircuitOperator(task_id="gate", python_callable=lambda: True, dag=dag) >> EmptyOperator(task_id="a", dag=dag)
    assert run(dag, "gate") is True
    assert run.ti.skipped_task_ids == []


def test_a_python_sensor_asks_until_true(dag, run):
    answers = iter([False, 0, "yes"])
    PythonSensor(task_id="s", python_callable=lambda ds: next(answers), poke_interval=0, dag=dag)
    assert run(dag, "s") is None
    assert list(answers) == []


def test_empty_does_nothing(dag, run):
    EmptyOperator(task_id="e", dag=dag)
    assert run(dag, "e") is None


def test_params_of_a_task_win_over_those_of_the_dag_and_are_checked(dag, run):
    dag.params["rows"] = Param(1)
    BashOperator(task_id="b", bash_command="echo {{ params.rows }}", params={"rows": Param(2, maximum=5)}, dag=dag)
    assert run(dag, "b") == "2"
    assert run(dag, "b", conf={"rows": 4}) == "4"
    with pytest.raises(TradewindException, match="Param 'rows': 9 does not fit maximum"):
        run(dag, "b", conf={"rows": 9})


def test_sensors_have_airflow_s_name_too():
    assert BaseSensorOperator is BaseSensor
