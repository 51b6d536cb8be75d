"""The sensors that come with Tradewind, under a clock that stands; each with a neighbour that is there."""

from __future__ import annotations

import logging
import threading
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pendulum
import pytest
import time_machine
from tradewind import DAG, task
from tradewind.authoring.context import build_context
from tradewind.exceptions import (
    TaskDeferred,
    TradewindException,
    TradewindFailException,
    TradewindNotFoundException,
    TradewindRescheduleException,
    TradewindSkipException,
)
from tradewind.hooks.filesystem import FSHook
from tradewind.sensors.bash import BashSensor
from tradewind.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from tradewind.sensors.filesystem import FileSensor
from tradewind.sensors.time import TimeSensor, TimeSensorAsync
from tradewind.sensors.time_delta import TimeDeltaSensor, TimeDeltaSensorAsync, WaitSensor
from tradewind.sensors.weekday import DayOfWeekSensor, WeekDay
from tradewind.triggers.temporal import DateTimeTrigger
from tradewind_plugins import host
from tradewind_plugins.connection import Connection

NOW = datetime(2024, 3, 10, 20, 0, tzinfo=timezone.utc)  # a Sunday; in Tokyo it is Monday, five in the morning
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def there(dag, run):
    """Tell whether what a sensor waits for is there at its first look; it gives its slot back where it is not."""

    def look(sensor, dag=dag, **arguments) -> bool:
        task_id = f"wait_{len(dag.tasks)}"
        sensor(task_id=task_id, mode="reschedule", poke_interval=30, dag=dag, **arguments)
        try:
            found = run(dag, task_id)
        except TradewindRescheduleException as error:
            found = error.reschedule_date - datetime.now(timezone.utc)
        assert found in (None, timedelta(seconds=30))
        return found is None

    return look


def tokyo() -> DAG:
    return DAG("tokyo", schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Tokyo"))


# Files


@pytest.fixture
def folder(tmp_path, memory) -> Path:
    memory.connections["incoming"] = Connection(conn_id="incoming", conn_type="fs", extra={"path": str(tmp_path)})
    memory.connections["bare"] = Connection(conn_id="bare", conn_type="fs")
    (tmp_path / "empty" / "below").mkdir(parents=True)
    (tmp_path / "full" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "full" / "sub" / "deep" / "2024-03-10.txt").touch()
    (tmp_path / "[1].csv").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("filepath", "recursive", "found"),
    [
        ("none", False, False),
        ("full/sub/deep/2024-03-10.txt", False, True),
        ("full/sub/deep/{{ ds }}.txt", False, True),
        (Path("full", "sub"), False, True),
        ("full", False, True),
        ("empty", False, False),
        ("*/below", False, False),
        ("f*", False, True),
        ("full/**/*.txt", False, False),
        ("full/**/*.txt", True, True),
        ("[1].csv", False, True),
        ("[2].csv", False, False),
    ],
)
def test_a_file_is_found_by_path_by_folder_and_by_pattern(there, folder, filepath, recursive, found):
    assert there(FileSensor, filepath=filepath, fs_conn_id="incoming", recursive=recursive) is found


def test_the_default_connection_may_be_missing_and_stands_for_the_root(there, folder, memory):
    file = folder / "full/sub/deep/2024-03-10.txt"
    assert there(FileSensor, filepath=str(file))
    assert there(FileSensor, filepath=str(file).lstrip("/"))
    assert there(FileSensor, filepath=str(file), fs_conn_id="bare")
    assert there(FileSensor, filepath=str(file), fs_conn_id="incoming")
    memory.connections["fs_default"] = Connection(conn_id="fs_default", conn_type="fs", extra={"path": str(folder)})
    assert there(FileSensor, filepath="full")


def test_a_connection_that_was_named_must_be_there(there, folder):
    with pytest.raises(TradewindNotFoundException, match="nowhere"):
        there(FileSensor, filepath="full", fs_conn_id="nowhere")
    assert there(FileSensor, filepath="full", fs_conn_id="incoming")


def test_the_path_may_be_the_result_of_another_task(dag, run, folder, memory):
    with dag:

        @task
        def name():
            return "full"

        FileSensor(task_id="wait", filepath=name(), fs_conn_id="incoming")
    assert dag.get_task("wait").upstream_task_ids == {"name"}
    memory.xcoms["name", "return_value"] = None
    with pytest.raises(TradewindException, match="'wait': filepath is a path or a pattern, not None"):
        run(dag, "wait")
    run(dag, "name")
    assert run(dag, "wait") is None


def test_a_file_is_told_with_its_age(there, folder, caplog):
    caplog.set_level(logging.INFO)
    assert there(FileSensor, filepath="full/*", fs_conn_id="incoming")
    assert caplog.messages[0] == f"Looking for {folder}/full/*"
    assert caplog.messages[1].startswith(f"Found {folder}/full/sub/deep/2024-03-10.txt, last modified at ")


def test_the_hook_knows_whether_its_folder_is_there(memory, folder):
    memory.connections["gone"] = Connection(conn_id="gone", conn_type="fs", extra={"path": str(folder / "gone")})
    with host.bind(memory):
        assert FSHook("incoming").test_connection() == (True, f"{folder} is a folder on this machine")
        assert FSHook("gone").test_connection() == (False, f"{folder}/gone is no folder on this machine")
        assert FSHook("bare").test_connection() == (False, "the extra has no path, so the folder is the root")
        assert FSHook("bare").get_conn() is None
        assert [FSHook(name).get_path() for name in ("incoming", "bare", "fs_default")] == [str(folder), "/", "/"]


# The clock


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        (NOW - SECOND, True),
        (NOW, False),
        (datetime(2024, 3, 10, 19, 59), True),
        (datetime(2024, 3, 10, 20, 1), False),
        ("2024-03-10T19:59:59", True),
        ("2024-03-10T19:59:59Z", True),
        ("2024-03-11T04:59:59+09:00", True),
        ("2024-03-11T05:00:01+09:00", False),
        ("2024-03-10", True),
        ("{{ data_interval_end }}", True),
        ("{{ logical_date.add(days=1) }}", False),
    ],
)
def test_a_moment_has_passed_or_has_not(there, target, passed):
    assert there(DateTimeSensor, target_time=target) is passed


def test_a_moment_may_be_native_or_the_result_of_a_task(there, dag, memory):
    with dag:

        @task
        def when():
            return None

        target = when()
    for value, passed in ((NOW - SECOND, True), (NOW.isoformat(), False)):
        memory.xcoms["when", "return_value"] = value
        assert there(DateTimeSensor, target_time=target) is passed
    memory.xcoms["when", "return_value"] = 5
    with pytest.raises(TradewindException, match="target_time is rendered to 5, which is no moment"):
        there(DateTimeSensor, target_time=target)


def test_what_is_no_moment_is_refused_at_once_or_when_it_is_rendered(there):
    with pytest.raises(
        TradewindException, match=r"target_time is a datetime or its text in ISO 8601, not datetime\.date"
    ):
        there(DateTimeSensor, target_time=date(2024, 3, 10))
    with pytest.raises(
        TradewindException, match="target_time is rendered to 'tomorrow 2024-03-10', which is no moment"
    ):
        there(DateTimeSensor, target_time="tomorrow {{ ds }}")
    assert there(DateTimeSensor, target_time=NOW - SECOND)


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        (time(19, 59), True),
        (time(20), False),
        (time(20, 1), False),
        (time(4, tzinfo=timezone(9 * 3600 * SECOND)), True),
    ],
)
def test_a_time_of_day_has_passed_or_has_not(there, target, passed):
    assert there(TimeSensor, target_time=target) is passed


def test_a_time_of_day_is_in_the_zone_of_the_dag_and_begins_anew_at_midnight(there, clock):
    dag = tokyo()
    assert there(TimeSensor, dag, target_time=time(4, 59))
    assert not there(TimeSensor, dag, target_time=time(19))
    clock.move_to(datetime(2024, 3, 10, 14, 59, 59, tzinfo=timezone.utc))
    assert there(TimeSensor, dag, target_time=time(19))
    clock.shift(2)
    assert not there(TimeSensor, dag, target_time=time(19))


def test_some_time_after_the_interval_has_passed_or_has_not(there, clock):
    clock.move_to(datetime(2024, 3, 10, 1, tzinfo=timezone.utc))  # the run's interval ended at midnight
    assert there(TimeDeltaSensor, delta=timedelta(minutes=59))
    assert not there(TimeDeltaSensor, delta=timedelta(hours=1))
    clock.shift(SECOND)
    assert there(TimeDeltaSensor, delta=timedelta(hours=1))


@pytest.mark.parametrize(
    ("sensor", "arguments", "message"),
    [
        (TimeSensor, {"target_time": "19:00"}, r"target_time is a datetime\.time, not '19:00'"),
        (TimeDeltaSensor, {"delta": 5}, "delta is a timedelta, not 5"),
        (FileSensor, {"filepath": None}, "filepath is a path or a pattern, not None"),
        (DayOfWeekSensor, {"week_day": "Funday"}, "week_day: 'Funday' is not a day of the week"),
        (DayOfWeekSensor, {"week_day": ()}, "week_day names no day"),
    ],
)
def test_wrong_arguments_are_refused_when_the_file_is_read(there, sensor, arguments, message):
    with pytest.raises(TradewindException, match=rf"^Task 'wait': .*{message}"):
        sensor(task_id="wait", **arguments)
    assert there(TimeDeltaSensor, delta=-SECOND)


# Waiting in a triggerer


@pytest.mark.parametrize(
    ("sensor", "arguments", "moment"),
    [
        (DateTimeSensor, {"target_time": NOW + SECOND}, NOW + SECOND),
        (DateTimeSensorAsync, {"target_time": "{{ ds }}T21:00:00Z"}, NOW + timedelta(hours=1)),
        (TimeSensor, {"target_time": time(21)}, NOW + timedelta(hours=1)),
        (TimeSensorAsync, {"target_time": time(20, 0, 1)}, NOW + SECOND),
        (TimeDeltaSensor, {"delta": timedelta(days=2)}, datetime(2024, 3, 12, tzinfo=timezone.utc)),
        (TimeDeltaSensorAsync, {"delta": timedelta(days=2)}, datetime(2024, 3, 12, tzinfo=timezone.utc)),
        (WaitSensor, {"time_to_wait": 3}, NOW + timedelta(minutes=3)),
        (WaitSensor, {"time_to_wait": timedelta(hours=1)}, NOW + timedelta(hours=1)),
    ],
)
def test_a_moment_is_waited_for_in_a_triggerer(dag, run, sensor, arguments, moment):
    sensor(task_id="wait", deferrable=True, timeout=50, dag=dag, **arguments)
    with pytest.raises(TaskDeferred) as deferred:
        run(dag, "wait")
    trigger = deferred.value.trigger
    assert (type(trigger), trigger.moment) == (DateTimeTrigger, moment)
    assert (deferred.value.method_name, deferred.value.timeout) == ("execute_complete", timedelta(seconds=50))


def test_what_is_there_already_is_not_waited_for(dag, run, folder):
    DateTimeSensorAsync(task_id="moment", target_time=NOW - SECOND, dag=dag)
    FileSensor(task_id="file", filepath="full", fs_conn_id="incoming", deferrable=True, dag=dag)
    assert run(dag, "moment") is None
    assert run(dag, "file") is None


def test_a_file_is_waited_for_where_the_triggerer_is(dag, run, folder):
    FileSensor(
        task_id="wait", filepath="{{ ds }}.csv", fs_conn_id="incoming", deferrable=True, poke_interval=7, dag=dag
    )
    with pytest.raises(TaskDeferred) as deferred:
        run(dag, "wait")
    _, arguments = deferred.value.trigger.serialize()
    assert arguments == {"filepath": f"{folder}/2024-03-10.csv", "recursive": False, "poke_interval": 7.0}


@pytest.mark.parametrize("sensor", [DateTimeSensorAsync, TimeSensorAsync, FileSensor])
def test_a_start_from_the_trigger_is_what_they_do_anyway(dag, run, folder, sensor):
    needed = {DateTimeSensorAsync: {"target_time": NOW + SECOND}, TimeSensorAsync: {"target_time": time(23, 59)}}
    given = needed.get(sensor, {"filepath": "none", "fs_conn_id": "incoming", "deferrable": True})
    sensor(task_id="wait", start_from_trigger=True, trigger_kwargs={}, dag=dag, **given)
    with pytest.raises(TaskDeferred):
        run(dag, "wait")


def test_some_time_from_the_start_is_waited_for(there, clock):
    assert not there(WaitSensor, time_to_wait=timedelta(minutes=1))
    assert there(WaitSensor, time_to_wait=0)


# Days


@pytest.mark.parametrize(
    ("week_day", "there_today"),
    [("Sunday", True), (WeekDay.SUNDAY, True), ({"Saturday", "sunday"}, True), ("Monday", False)],
)
def test_a_day_of_the_week_is_in_utc(there, week_day, there_today):
    assert there(DayOfWeekSensor, week_day=week_day) is there_today
    assert there(DayOfWeekSensor, tokyo(), week_day=week_day) is there_today


def test_a_day_may_be_that_of_the_logical_date(there, clock):
    clock.shift(timedelta(days=1))
    assert not there(DayOfWeekSensor, week_day="Sunday")
    assert there(DayOfWeekSensor, week_day="Sunday", use_task_logical_date=True)


def test_the_old_name_of_the_logical_date_is_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="'t'.*use_task_logical_date now") as caught:
        made = DayOfWeekSensor(task_id="t", week_day="Sunday", use_task_execution_day=True)
    assert made.use_task_logical_date
    assert caught[0].filename == __file__


def test_a_day_is_told_by_its_name(there, caplog):
    caplog.set_level(logging.INFO)
    there(DayOfWeekSensor, week_day=["Tuesday", "Monday"])
    assert caplog.messages == ["Waiting for Monday or Tuesday; it is Sunday"]


# Commands


@pytest.mark.parametrize(
    ("command", "retry_exit_code", "ready"),
    [("exit 0", None, True), ("exit 3", None, False), ("exit 3", 3, False), ("exit 0", 3, True)],
)
def test_a_command_says_by_its_exit_code_whether_it_is_ready(there, command, retry_exit_code, ready):
    assert there(BashSensor, bash_command=command, retry_exit_code=retry_exit_code) is ready


def test_another_exit_code_fails_for_good_or_skips(there):
    arguments = {"bash_command": "exit 4", "retry_exit_code": 3}
    with pytest.raises(TradewindFailException, match="exited with code 4; only 3 means to look again"):
        there(BashSensor, **arguments)
    with pytest.raises(TradewindSkipException, match="exited with code 4"):
        there(BashSensor, soft_fail=True, **arguments)
    assert there(BashSensor, **arguments | {"bash_command": "true"})


def test_a_command_has_its_environment_a_folder_and_the_log(there, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("OUTER", "outer")
    command = 'touch here; echo "$OUTER/$OWN/$TRADEWIND_CTX_TASK_ID in {{ ds }}"'
    assert there(BashSensor, bash_command=command)
    assert there(BashSensor, bash_command=command, env={"OWN": "{{ run_id }}"})
    assert caplog.messages == ["outer//wait_0 in 2024-03-10", "/manual__1/wait_1 in 2024-03-10"]


def test_killing_a_sensor_ends_its_command(dag):
    started = threading.Event()

    class Noticing(logging.Handler):
        def emit(self, record):
            started.set()

    sensor = BashSensor(task_id="b", bash_command="echo started; sleep 1000", retry_exit_code=3, dag=dag)
    sensor.log.addHandler(handler := Noticing())
    sensor.log.setLevel(logging.INFO)
    killer = threading.Thread(target=lambda: started.wait(10) and sensor.on_kill())
    killer.start()
    with pytest.raises(TradewindFailException, match="code -15"):
        sensor.execute(build_context(sensor, dag_run={"run_id": "r"}))
    killer.join()
    sensor.log.removeHandler(handler)
