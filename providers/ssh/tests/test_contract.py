"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from tradewind_ssh.hooks.ssh import SSHHook
from tradewind_ssh.operators.ssh import SSHOperator
from tradewind_testing import HookSuite, OperatorSuite, ProviderSuite

BUSY_SECONDS = f"65.{os.getpid()}"
"""By which the processes are told from those of the same tests that run beside these."""


class TestProvider(ProviderSuite):
    distribution = "tradewind-ssh"


@pytest.mark.backed_by("real", "OpenSSH")
class TestSSHHook(HookSuite):
    hook = SSHHook

    @pytest.fixture
    def connection(self, desk, sshd):
        if not sshd.password:
            pytest.skip("the server lets in by key only, as the tests do not run as root")
        extra = {"no_host_key_check": True, "look_for_keys": False}
        return sshd.replace(conn_id="kit_ssh", extra=extra)

    def use(self, hook):
        assert hook.exec_ssh_client_command(hook.get_conn(), "echo hello")[1] == b"hello\n"

    def impatient(self, connection):
        times = {"conn_timeout": 1, "banner_timeout": 1, "auth_timeout": 1, "cmd_timeout": 1}
        return connection.replace(extra={**connection.extra_dejson, **times})


@pytest.mark.backed_by("real", "OpenSSH")
class TestSSHOperator(OperatorSuite):
    operator = SSHOperator
    arguments = {"command": "echo {{ ds }}", "ssh_conn_id": "ssh_default"}
    busy = {"command": f"echo begun; sleep {BUSY_SECONDS} & sleep {BUSY_SECONDS}"}

    @pytest.fixture
    def prepared(self, desk):
        """The connection."""

    def check(self, result, host):
        assert result == "2021-01-01\n"
        assert host.pushed["ssh_exit"] == 0

    def is_at_work(self):
        return len(self.sleepers()) >= 2

    def left_behind(self):
        for _ in range(500):  # what was killed takes a moment to end
            if not self.sleepers():
                break
            threading.Event().wait(0.01)
        return self.sleepers()

    def sleepers(self):
        return [each for each in command_lines() if each.startswith(f"sleep\0{BUSY_SECONDS}\0")]


def command_lines():
    """Return the command lines of all processes: those of the server are on this machine too."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found
