"""The conformance kit: a provider proves itself by deriving from the suites of what it offers.

class TestParrotHook(HookSuite):
    hook = ParrotHook

    @pytest.fixture
    def connection(self, parrot_server):
        return Connection(conn_id="parrot", conn_type="parrot", host=parrot_server.host, port=parrot_server.port)

    def use(self, hook):
        hook.say("hello")
"""

import pytest

pytest.register_assert_rewrite("tradewind_testing.suites")

# After the line above, which has to come before they are imported
from tradewind_testing.far_end import Call, FarEnd  # noqa: E402
from tradewind_testing.faults import FaultProxy, closed_port  # noqa: E402
from tradewind_testing.kit_host import KitHost  # noqa: E402
from tradewind_testing.suites.executor import Driven, ExecutorSuite  # noqa: E402
from tradewind_testing.suites.hook import HookSuite  # noqa: E402
from tradewind_testing.suites.log_store import LogStoreSuite  # noqa: E402
from tradewind_testing.suites.notifier import NotifierSuite  # noqa: E402
from tradewind_testing.suites.operator import OperatorSuite  # noqa: E402
from tradewind_testing.suites.provider import ProviderSuite  # noqa: E402
from tradewind_testing.suites.secrets_backend import SecretsBackendSuite  # noqa: E402
from tradewind_testing.suites.sensor import SensorSuite  # noqa: E402
from tradewind_testing.suites.suite import Suite, offline  # noqa: E402
from tradewind_testing.suites.trigger import TriggerSuite  # noqa: E402
from tradewind_testing.suites.xcom_storage import XComStorageSuite  # noqa: E402

__all__ = [
    "Call",
    "Driven",
    "ExecutorSuite",
    "FarEnd",
    "FaultProxy",
    "HookSuite",
    "KitHost",
    "LogStoreSuite",
    "NotifierSuite",
    "OperatorSuite",
    "ProviderSuite",
    "SecretsBackendSuite",
    "SensorSuite",
    "Suite",
    "TriggerSuite",
    "XComStorageSuite",
    "closed_port",
    "offline",
]
