from __future__ import annotations

import os

import pytest
from tradewind_plugins.connection import Connection


def require(name, is_there, missing):
    """Skip the test where a service is not installed; in CI, which installs all of them, fail."""
    if is_there:
        return
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def sshd():
    """The connection to a real OpenSSH server, started once a session; `TRADEWIND_TEST_SSHD` names a running one instead."""
    running = os.environ.get("TRADEWIND_TEST_SSHD")
    if running:
        yield Connection.from_uri(running, "ssh_default")
        return
    from services import sshd as service  # noqa: PLC0415 - not where the server runs already

    require("OpenSSH", service.is_installed(), service.MISSING)
    with service.sshd_server() as url:
        yield Connection.from_uri(url, "ssh_default")


@pytest.fixture
def desk(host, sshd, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # no keys, known hosts and settings of whoever runs the tests
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    host.add_connection(sshd)
    return host


@pytest.fixture
def change(desk, sshd):
    """Change the connection: fields of it, and keys of its extra, of which None takes one away."""

    def changed(extra=None, **fields):
        merged = {**sshd.extra_dejson, **(extra or {})}
        kept = {name: value for name, value in merged.items() if value is not None}
        desk.add_connection(sshd.replace(extra=kept, **fields))

    return changed
