import asyncio
import json
import os
import threading

import pytest
from tradewind_plugins.exceptions import (
    ConnectionFailed,
    TaskDeferred,
    TradewindException,
    TradewindSensorTimeout,
)
from tradewind_plugins.sensor import PokeReturnValue
from tradewind_sftp.sensors.sftp import SFTPSensor
from tradewind_sftp.triggers.sftp import SFTPTrigger

pytestmark = pytest.mark.backed_by("real", "OpenSSH")


def sensor(**arguments):
    return SFTPSensor(task_id="wait", **{"poke_interval": 0.05, "timeout": 30, **arguments})


async def first_event(trigger):
    events = trigger.run()
    try:
        return await events.__anext__()
    finally:
        await events.aclose()


def test_it_finds_a_file(remote):
    wait = sensor(path=f"{remote}/a")
    assert wait.poke({}) is False
    (remote / "a").write_text("")
    assert wait.poke({}) is True
    assert wait.execute({}) is None


def test_it_finds_files_that_fit_a_pattern(remote):
    wait = sensor(path=str(remote), file_pattern="*.csv")
    (remote / "a.txt").write_text("")
    (remote / ".b.csv.7.part").write_text("")
    assert wait.poke({}) is False
    (remote / "b.csv").write_text("")
    assert wait.poke({}) is True
    assert sensor(path=f"{remote}/nowhere", file_pattern="*").poke({}) is False


@pytest.mark.parametrize("newer_than", ["2001-09-09T01:46:41Z", "2001-09-09 01:46:41"])
def test_files_must_be_newer(remote, newer_than):
    (remote / "a").write_text("")
    os.utime(str(remote / "a"), (1_000_000_000, 1_000_000_000))
    wait = sensor(path=f"{remote}/a", newer_than=newer_than)
    assert wait.poke({}) is False
    os.utime(str(remote / "a"), (1_000_000_002, 1_000_000_002))
    assert wait.poke({}) is True


def test_a_function_decides_and_its_result_is_in_the_xcom(remote):
    (remote / "a").write_text("")

    def judge(least, files_found, ds):
        return ds if len(files_found) >= least else None

    found = sensor(path=f"{remote}/a", python_callable=judge, op_args=[1]).poke({"ds": "2026-11-23"})
    assert isinstance(found, PokeReturnValue)
    assert found.is_done
    assert found.xcom_value == {"files_found": [f"{remote}/a"], "decorator_return_value": "2026-11-23"}
    assert not sensor(path=f"{remote}/a", python_callable=judge, op_kwargs={"least": 2}).poke({"ds": "x"})


def test_a_function_cannot_be_deferred():
    with pytest.raises(TradewindException, match="Task 'wait': python_callable"):
        sensor(path="a", python_callable=print, deferrable=True)


def test_the_wait_has_an_end(remote):
    with pytest.raises(TradewindSensorTimeout):
        sensor(path=f"{remote}/a", timeout=0).execute({})


def test_another_connection(desk, remote):
    desk.connections["other"] = desk.connections.pop("sftp_default").replace(conn_id="other")
    (remote / "a").write_text("")
    assert sensor(path=f"{remote}/a", sftp_conn_id="other", use_managed_conn=True).poke({})


def test_it_waits_in_a_triggerer(remote):
    wait = sensor(path=str(remote), file_pattern="*.csv", newer_than="2001-09-09", deferrable=True, timeout=77)
    with pytest.raises(TaskDeferred) as caught:
        wait.execute({})
    assert caught.value.timeout.total_seconds() == 77
    path, arguments = caught.value.trigger.serialize()
    assert path == "tradewind_sftp.triggers.sftp.SFTPTrigger"
    trigger = SFTPTrigger(**json.loads(json.dumps(arguments)))
    assert trigger.serialize() == (path, arguments)
    threading.Timer(0.2, (remote / "b.csv").write_text, [""]).start()
    event = asyncio.run(first_event(trigger))
    assert event.payload["files"] == [f"{remote}/b.csv"]
    assert wait.resume_execution(caught.value.method_name, {"event": event.payload}, {}) is None


def test_what_is_there_is_not_deferred_for(remote):
    (remote / "a").write_text("")
    assert sensor(path=f"{remote}/a", deferrable=True).execute({}) is None


def test_an_error_in_the_trigger_names_the_connection(change):
    change(host="nowhere.invalid")
    with pytest.raises(ConnectionFailed, match="connection 'sftp_default'"):
        asyncio.run(first_event(SFTPTrigger(path="a")))
    with pytest.raises(ConnectionFailed, match="connection 'sftp_default'"):
        sensor(path="a").poke({})


def test_what_is_templated():
    assert SFTPSensor.template_fields == ("path", "newer_than")
