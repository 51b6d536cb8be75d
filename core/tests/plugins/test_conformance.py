"""Core's own parts pass the suites that providers have to pass."""

from __future__ import annotations

import pytest
from tradewind.execution.logs import FileLogStore
from tradewind.plugins.secrets import CONNECTION_PREFIX, VARIABLE_PREFIX, EnvironmentBackend
from tradewind.plugins.xcoms import FolderStorage
from tradewind_testing import LogStoreSuite, SecretsBackendSuite, XComStorageSuite


@pytest.mark.backed_by("real", "a folder")
class TestFolderStorage(XComStorageSuite):
    storage = FolderStorage

    @pytest.fixture
    def location(self, tmp_path):
        return str(tmp_path / "xcoms")


@pytest.mark.backed_by("real", "files")
class TestFileLogStore(LogStoreSuite):
    store = FileLogStore

    @pytest.fixture
    def location(self, tmp_path):
        return str(tmp_path / "logs")


@pytest.mark.backed_by("real", "the environment")
class TestEnvironmentBackend(SecretsBackendSuite):
    has_config = False
    has_service = False

    @pytest.fixture
    def backend(self, monkeypatch):
        self.monkeypatch = monkeypatch
        return EnvironmentBackend()

    def plant(self, kind, name, text):
        prefix = {"connection": CONNECTION_PREFIX, "variable": VARIABLE_PREFIX}[kind]
        self.monkeypatch.setenv(prefix + name.upper(), text)
