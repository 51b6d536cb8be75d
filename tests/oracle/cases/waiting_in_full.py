"""Sensors that fail, are silent, skip, and grow patient: what each of the arguments makes of a look that raises."""

import datetime as dt

import pendulum
from airflow import DAG
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.sensors.python import PythonSensor

ERRORS = {
    "error": ValueError("broken"),
    "fail": AirflowFailException("for good"),
    "skip": AirflowSkipException("not today"),
}
KINDS = {
    "plain": {},
    "soft": {"soft_fail": True},
    "silent": {"silent_fail": True},
    "never": {"never_fail": True},
    "silent_never": {"silent_fail": True, "never_fail": True},
}
SHORT = {"poke_interval": 0.01, "timeout": 0.02}


def raise_it(error):
    raise ERRORS[error]


with DAG("case_waiting_in_full", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC")):
    for kind, arguments in KINDS.items():
        PythonSensor(task_id=f"{kind}_late", python_callable=lambda: False, **SHORT, **arguments)
        for error in ERRORS:
            PythonSensor(
                task_id=f"{kind}_{error}",
                python_callable=raise_it,
                op_args=[error],
                retries=1,
                retry_delay=dt.timedelta(0),
                **SHORT,
                **arguments,
            )
    PythonSensor(task_id="patient", python_callable=lambda: True, exponential_backoff=True, max_wait=1)
    PythonSensor(
        task_id="patient_late",
        python_callable=lambda: False,
        exponential_backoff=True,
        max_wait=0.01,
        mode="reschedule",
        **SHORT,
    )
