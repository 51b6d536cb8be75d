"""The DAGs of the dumps: a task instance in each state, mapped tasks, XComs, and runs of two versions.

What waits does so for the file that TRADEWIND_DUMP_GATE names: there is none while the dump is made, and one when a test goes
on with it.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

import pendulum
from tradewind import dag, task
from tradewind.exceptions import TradewindException, TradewindSkipException
from tradewind.sensors.python import PythonSensor

START = pendulum.datetime(2026, 11, 19)
WORD = "first"  # the second version says otherwise


def is_open():
    return Path(os.environ["TRADEWIND_DUMP_GATE"]).exists()


@dag(schedule=None, start_date=START)
def everything():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def double(number):
        return number * 2

    @task(pool="narrow", retries=1, retry_delay=timedelta(seconds=1))
    def holds():
        while not is_open():
            time.sleep(0.2)  # in a task
        return "held"

    @task(pool="narrow", priority_weight=0)
    def finds_no_slot(word):
        return word

    @task(retries=1, retry_delay=timedelta(minutes=1))
    def fails_once():
        if not is_open():
            raise TradewindException("the gate is shut")
        return "passed"

    @task
    def total(doubled, *others):
        return {"total": sum(doubled), "others": list(others)}

    polls = PythonSensor(task_id="polls", python_callable=is_open, mode="reschedule", poke_interval=60)
    first = numbers()
    busy = finds_no_slot("slot")
    end = total(double.expand(number=first), holds(), busy, fails_once())
    first >> busy
    polls >> end


@dag(schedule=None, start_date=START)
def broken():
    @task
    def fails():
        raise TradewindException("as it must")

    @task
    def never():
        return None

    @task
    def skips():
        raise TradewindSkipException("not today")

    fails() >> never()
    skips()


@dag(schedule=None, start_date=START)
def versioned():
    @task
    def says():
        return WORD

    says()


@dag(schedule="@daily", start_date=START, end_date=pendulum.datetime(2026, 11, 21), catchup=True)
def daily():
    @task
    def day(ds=None):
        return ds

    day()


everything()
broken()
versioned()
daily()
