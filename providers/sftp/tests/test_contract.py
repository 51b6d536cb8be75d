"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from tradewind_sftp.hooks.sftp import SFTPHook
from tradewind_sftp.operators.sftp import SFTPOperator
from tradewind_sftp.sensors.sftp import SFTPSensor
from tradewind_sftp.triggers.sftp import SFTPTrigger
from tradewind_testing import HookSuite, OperatorSuite, ProviderSuite, SensorSuite, TriggerSuite

HERE = os.path.join(tempfile.gettempdir(), f"tradewind-kit-{os.getpid()}")  # noqa: PTH118
"""What files that are sent begin with: arguments of a suite are known before a test has its folder."""


class TestProvider(ProviderSuite):
    distribution = "tradewind-sftp"


@pytest.mark.backed_by("real", "OpenSSH")
class TestSFTPHook(HookSuite):
    hook = SFTPHook

    @pytest.fixture
    def connection(self, desk, sshd):
        if not sshd.password:
            pytest.skip("the server lets in by key only, as the tests do not run as root")
        extra = {"no_host_key_check": True, "look_for_keys": False}
        return sshd.replace(conn_id="kit_sftp", extra=extra)

    def use(self, hook):
        assert "." not in hook.list_directory(".")

    def impatient(self, connection):
        times = {"conn_timeout": 1, "banner_timeout": 1, "auth_timeout": 1, "cmd_timeout": 1}
        return connection.replace(extra={**connection.extra_dejson, **times})


@pytest.mark.backed_by("real", "OpenSSH")
class TestSFTPOperator(OperatorSuite):
    operator = SFTPOperator
    arguments = {"local_filepath": HERE + "-{{ ds }}", "remote_filepath": "work/{{ ds }}"}
    busy = {"local_filepath": "/dev/zero", "remote_filepath": "work/endless"}

    @pytest.fixture
    def prepared(self, remote):
        self.remote = remote
        sent = Path(HERE + "-2021-01-01")
        sent.write_text("grain")
        yield
        sent.unlink()

    def check(self, result, host):
        assert result == HERE + "-2021-01-01"
        assert (self.remote / "2021-01-01").read_text() == "grain"

    def is_at_work(self):
        return self.left_behind() != []

    def left_behind(self):
        return [each.name for each in self.remote.iterdir()]


@pytest.mark.backed_by("real", "OpenSSH")
class TestSFTPSensor(SensorSuite):
    operator = SFTPSensor
    arguments = {"path": "work/report"}
    deferrable = True

    @pytest.fixture
    def prepared(self, remote):
        self.remote = remote

    def make_true(self):
        (self.remote / "report").write_text("done")


@pytest.mark.backed_by("real", "OpenSSH")
class TestSFTPTrigger(TriggerSuite):
    trigger = SFTPTrigger
    arguments = {"path": "work", "file_pattern": "*.csv", "poke_interval": 0.05}

    @pytest.fixture
    def prepared(self, remote):
        self.remote = remote

    def make_true(self):
        (self.remote / "a.csv").write_text("done")

    def check(self, event):
        assert event.payload["files"] == ["work/a.csv"]
