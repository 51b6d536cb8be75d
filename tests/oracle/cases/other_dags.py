"""Waiting for tasks of a DAG (here the own one, whose run is there) by state, and a trigger of a DAG that is not there."""

import datetime as dt

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

ME = "case_other_dags"


def wait(task_id, **arguments):
    usual = {"external_dag_id": ME, "poke_interval": 0.01, "timeout": 0.02, "trigger_rule": "all_done"}
    return ExternalTaskSensor(task_id=task_id, **{**usual, **arguments})


with DAG(ME, schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    ends = [
        BashOperator(task_id="good", bash_command="true"),
        BashOperator(task_id="bad", bash_command="false"),
        BashOperator(task_id="passed", bash_command="exit 99"),
    ]
    awaited = {
        "good": {"external_task_id": "good"},
        "good_rescheduled": {"external_task_id": "good", "mode": "reschedule"},
        "good_and_passed": {"external_task_ids": ["good", "passed"], "allowed_states": ["success", "skipped"]},
        "good_and_bad": {"external_task_ids": ["good", "bad"]},
        "bad": {"external_task_id": "bad", "failed_states": ["failed"]},
        "bad_soft": {"external_task_id": "bad", "failed_states": ["failed"], "soft_fail": True},
        "bad_wanted": {"external_task_id": "bad", "allowed_states": ["failed"]},
        "passed_never": {"external_task_id": "passed"},
        "passed_soft": {"external_task_id": "passed", "soft_fail": True},
        "passed_skips": {"external_task_id": "passed", "skipped_states": ["skipped"]},
        "run": {"allowed_states": ["running"]},
        "run_never": {},
        "earlier": {"external_task_id": "good", "execution_delta": dt.timedelta(days=1)},
        "by_function": {"external_task_id": "good", "execution_date_fn": lambda moment: moment},
        "by_two": {
            "external_task_id": "good",
            "execution_date_fn": lambda moment, ds: [moment, moment + dt.timedelta(days=len(ds))],
        },
        "unknown": {"external_dag_id": "nowhere", "external_task_id": "good"},
        "unknown_checked": {"external_dag_id": "nowhere", "check_existence": True},
        "templated": {"external_task_id": "{{ 'good' }}"},
    }
    for name, arguments in awaited.items():
        ends >> wait(f"wait_{name}", **arguments)
    TriggerDagRunOperator(task_id="trigger_nowhere", trigger_dag_id="nowhere_{{ ds_nodash }}")
    TriggerDagRunOperator(task_id="trigger_wrong_conf", trigger_dag_id="nowhere", conf={"a": {1, 2}})
    ExternalTaskMarker(task_id="marker", external_dag_id=ME, external_task_id="good")
