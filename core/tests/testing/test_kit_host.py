"""The kit's suites on core as their host: core's own operators, sensors and triggers pass them, rendered and stored by core."""

from __future__ import annotations

from pathlib import Path

import pytest
from tradewind.operators.bash import BashOperator
from tradewind.sensors.filesystem import FileSensor
from tradewind.testing.kit_host import CoreHost
from tradewind.triggers.file import FileTrigger
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import SerializationError, TradewindConfigException
from tradewind_plugins.host import bind
from tradewind_testing import OperatorSuite, SensorSuite, TriggerSuite


@pytest.fixture
def host(tmp_path):
    """Core, whatever `--tradewind-host` says."""
    made = CoreHost(tmp_path)
    made.add_connection(Connection(conn_id="fs_default", conn_type="fs", extra=f'{{"path": "{tmp_path}"}}'))
    with bind(made):
        yield made


@pytest.mark.backed_by("real", "bash")
class TestBashOperator(OperatorSuite):
    operator = BashOperator
    arguments = {"bash_command": "echo {{ ds }} {{ task_instance_key_str }}"}

    busy = {"bash_command": "touch $KIT/began; sleep 60", "append_env": True}

    @pytest.fixture
    def prepared(self, host, tmp_path, monkeypatch):
        monkeypatch.setenv("KIT", str(tmp_path))
        self.mark = tmp_path / "began"

    def check(self, result, host):
        assert result == "2021-01-01 kit__kit__20210101"

    def is_at_work(self):
        return self.mark.exists()


@pytest.mark.backed_by("real", "files")
class TestFileSensor(SensorSuite):
    operator = FileSensor
    deferrable = True
    arguments = {"filepath": "flag-{{ ds_nodash }}", "fs_conn_id": "fs_default"}

    @pytest.fixture
    def prepared(self, host, tmp_path):
        self.folder = tmp_path

    def make_true(self):
        (self.folder / "flag-20210101").touch()


@pytest.mark.backed_by("real", "files")
class TestFileTrigger(TriggerSuite):
    trigger = FileTrigger

    @property
    def arguments(self):
        return {"filepath": str(self.folder / "flag"), "poke_interval": 0.01}

    @pytest.fixture(autouse=True)
    def prepared(self, tmp_path):
        self.folder = tmp_path

    def make_true(self):
        (self.folder / "flag").touch()

    def check(self, event):
        assert event.payload


def test_it_asks_the_registry_and_stores_what_core_stores(host):
    assert host.hook_class("fs").__name__ == "FSHook"
    with pytest.raises(TradewindConfigException, match="nothing_has_it"):
        host.hook_class("nothing_has_it")
    assert host.stored({"at": Path("x").name, "all": {1}}) == {"at": "x", "all": {1}}
    with pytest.raises(SerializationError, match="a value of the kit"):
        host.stored(object())
