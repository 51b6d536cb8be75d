"""The provider and its executor keep their contracts, on a real broker."""

from __future__ import annotations

import pytest
from services.redis import PASSWORD
from tradewind_celery.executors.celery_executor import CeleryExecutor
from tradewind_testing import ExecutorSuite, ProviderSuite


class TestProvider(ProviderSuite):
    distribution = "tradewind-celery"


@pytest.mark.backed_by("real", "Redis")
class TestCeleryExecutor(ExecutorSuite):
    executor = CeleryExecutor
    has_service = True

    @pytest.fixture
    def service(self, redis):
        return {"broker_url": redis}

    @pytest.fixture(autouse=True)
    def worker(self, request):
        if "opened" in request.fixturenames:
            given, work = (request.getfixturevalue(each) for each in ("given", "work"))
            work(given, concurrency=self.slots)

    @pytest.fixture(autouse=True)
    def server(self, redis_server):
        self.redis = redis_server

    def secrets(self, given):
        return [PASSWORD, PASSWORD.replace(" ", "%20")]

    def away(self):
        return self.redis.away()
