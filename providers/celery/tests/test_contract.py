"""The provider and its executor keep their contracts, on a real broker."""

from __future__ import annotations

import os

import pytest
from services.redis import PASSWORD
from tradewind_celery.executors.celery_executor import CeleryExecutor
from tradewind_testing import ExecutorSuite, ProviderSuite

BROKER = os.environ.get("TRADEWIND_TEST_CELERY_BROKER", "redis")
"""`rabbitmq` for the other one, which takes longer to start and stop."""


class TestProvider(ProviderSuite):
    distribution = "tradewind-celery"


@pytest.mark.backed_by("real", "Redis")
@pytest.mark.long_module
class TestCeleryExecutor(ExecutorSuite):
    executor = CeleryExecutor
    has_service = True

    @pytest.fixture
    def service(self, request):
        return {"broker_url": request.getfixturevalue(BROKER)}

    @pytest.fixture(autouse=True)
    def worker(self, request):
        if "opened" in request.fixturenames:
            given, work = (request.getfixturevalue(each) for each in ("given", "work"))
            work(given, concurrency=self.slots)

    @pytest.fixture(autouse=True)
    def server(self, request):
        if "service" in request.fixturenames:
            self.broker = request.getfixturevalue(f"{BROKER}_server")

    def secrets(self, given):
        return [PASSWORD, PASSWORD.replace(" ", "%20"), "guest:guest"]

    def away(self):
        return self.broker.away()
