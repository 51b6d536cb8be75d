"""The sensor waits for what a query says, by itself or in a triggerer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tradewind_common_sql.sensors.sql import SqlSensor
from tradewind_plugins.exceptions import TaskDeferred, TradewindException, TradewindSensorTimeout

NOW = {"poke_interval": 0.01, "timeout": 0}


def wait(host, sql, **arguments):
    """Return whether the wait is over at the first look."""
    try:
        host.run(SqlSensor(task_id="wait", conn_id="shop", sql=sql, **{**NOW, **arguments}))
    except TradewindSensorTimeout:
        return False
    return True


@pytest.mark.parametrize(
    ("cell", "is_over"), [("1", True), ("'x'", True), ("0", False), ("NULL", False), ("''", False)]
)
def test_a_true_cell_ends_the_wait(host, shop, cell, is_over):
    assert wait(host, f"SELECT {cell}, 1") is is_over


def test_no_row_is_waited_on_or_fails(host, shop):
    assert wait(host, "SELECT 1 WHERE 0") is False
    with pytest.raises(
        TradewindException, match="Sensor 'wait', connection 'shop': no row, and fail_on_empty is set: SEL"
    ):
        wait(host, "SELECT 1 WHERE 0", fail_on_empty=True)


def test_sql_and_parameters_are_templated(host, shop):
    assert wait(host, "SELECT count(*) = {{ 2 }} FROM visits WHERE day = :day", parameters={"day": "{{ ds }}"})


def test_functions_decide(host, shop):
    assert wait(host, "SELECT 7", success=lambda cell: cell == 7)
    assert not wait(host, "SELECT 7", success=lambda cell: cell == 8)
    assert wait(host, "SELECT 0, 7", selector=lambda row: row[1])
    assert wait(host, "SELECT 7", failure=lambda cell: cell == 8)
    with pytest.raises(TradewindException, match="failure is met by 7: SELECT 7"):
        wait(host, "SELECT 7", failure=lambda cell: cell == 7)
    with pytest.raises(TradewindException, match="Task 'wait': success is a function, not 7"):
        wait(host, "SELECT 7", success=7)


def test_arguments_of_the_hook(host, shop, tmp_path):
    with pytest.raises(Exception, match="no such table"):
        wait(host, "SELECT 1 FROM visits", hook_params={"database": str(tmp_path / "other.db")})


def test_killed_it_cancels_by_its_hook(host, shop, monkeypatch):
    cancelled = []
    monkeypatch.setattr(type(shop), "cancel", lambda hook: cancelled.append(hook.client_name))
    task = SqlSensor(task_id="wait", conn_id="shop", sql="SELECT 1")
    task.on_kill()
    host.run(task)
    task.on_kill()
    assert len(cancelled) == 1
    assert cancelled[0].endswith(".wait")


class TestDeferred:
    def test_what_is_there_needs_no_triggerer(self, host, shop):
        assert host.run_once(SqlSensor(task_id="wait", conn_id="shop", sql="SELECT 1", deferrable=True)) is None

    def test_the_trigger_waits(self, host, shop):
        sql = "SELECT count(*) > 4 FROM visits WHERE visitors >= ?"
        task = SqlSensor(
            task_id="wait", conn_id="shop", sql=sql, parameters=[0], deferrable=True, poke_interval=0.01, timeout=30
        )
        with pytest.raises(TaskDeferred) as deferred:
            host.run_once(task)
        shop.insert_rows("visits", [("2021-01-02", 1, "red")])
        event = host.first_event(deferred.value)
        assert event.payload == {"is_true": True}
        task.execute_complete({}, event.payload)

    def test_no_row_fails_there_too(self, host, shop):
        sql = "SELECT 0 FROM visits"
        task = SqlSensor(
            task_id="wait", conn_id="shop", sql=sql, fail_on_empty=True, deferrable=True, poke_interval=0.01
        )
        with pytest.raises(TaskDeferred) as deferred:
            host.run_once(task)
        shop.run("DELETE FROM visits")
        event = host.first_event(deferred.value)
        with pytest.raises(TradewindException, match="no row, and fail_on_empty is set"):
            task.execute_complete({}, event.payload)

    @pytest.mark.parametrize("function", ["success", "failure", "selector"])
    def test_functions_cannot_travel(self, function):
        with pytest.raises(TradewindException, match="a deferrable SqlSensor takes no success, failure or selector"):
            SqlSensor(task_id="wait", conn_id="shop", sql="SELECT 1", deferrable=True, **{function: bool})


def test_the_sensor_is_read_without_asyncio():
    code = "import sys, tradewind_common_sql.sensors.sql; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
