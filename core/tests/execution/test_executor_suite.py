"""The local executor keeps what the contract of executors asks of one that takes no tickets."""

from __future__ import annotations

import pytest
from tradewind.execution.local_executor import LocalExecutor
from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_testing import ExecutorSuite


@pytest.mark.backed_by("real", "a worker")
class TestLocalExecutor(ExecutorSuite):
    executor = LocalExecutor
    name = "LocalExecutor"

    @pytest.fixture
    def given(self, small_house):
        return ExecutorSetup(
            name=self.name,
            home=str(small_house.home),
            slots=8,
            environ=dict(small_house.environ, TRADEWIND_KIT_SECRET="kit+environ/secret"),
        )
