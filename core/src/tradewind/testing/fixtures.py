"""The fixtures of `pytest -p tradewind.testing`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tradewind.authoring.dag import DAG
from tradewind.config import load
from tradewind.plugins.current import use_registry
from tradewind.testing.clock import FrozenClock, frozen
from tradewind.testing.fakes import FakeConnections, FakeVariables
from tradewind.testing.runs import Run, TaskResult, load_dag, render, run_dag, run_task


def pytest_configure() -> None:
    """Keep what the installed plugins declare in memory only: a test leaves no file in TRADEWIND_HOME."""
    use_registry(None, load().config.plugins.modules)


@pytest.fixture
def fake_connections() -> FakeConnections:
    """Connections by id, for this test only: `fake_connections["shop_db"] = "sqlite:///shop.db"`."""
    return FakeConnections()


@pytest.fixture
def fake_variables() -> FakeVariables:
    """Variables by key, for this test only: `fake_variables["limit"] = 3`."""
    return FakeVariables()


@pytest.fixture
def frozen_clock() -> Iterator[FrozenClock]:
    """The clock, standing at noon of 2026-01-01 (UTC) until the test moves it."""
    with frozen() as clock:
        yield clock


@pytest.fixture(name="run_dag")
def run_dag_fixture(fake_connections: FakeConnections, fake_variables: FakeVariables) -> Callable[..., Run]:
    """`tradewind.testing.run_dag` with the fakes of this test."""
    return partial(run_dag, connections=fake_connections, variables=fake_variables)


@pytest.fixture(name="run_task")
def run_task_fixture(fake_connections: FakeConnections, fake_variables: FakeVariables) -> Callable[..., TaskResult]:
    """`tradewind.testing.run_task` with the fakes of this test."""
    return partial(run_task, connections=fake_connections, variables=fake_variables)


@pytest.fixture(name="render")
def render_fixture(
    fake_connections: FakeConnections, fake_variables: FakeVariables
) -> Callable[..., dict[str, object]]:
    """`tradewind.testing.render` with the fakes of this test."""
    return partial(render, connections=fake_connections, variables=fake_variables)


@pytest.fixture(name="load_dag")
def load_dag_fixture(fake_connections: FakeConnections, fake_variables: FakeVariables) -> Callable[..., DAG]:
    """`tradewind.testing.load_dag` with the fakes of this test."""
    return partial(load_dag, connections=fake_connections, variables=fake_variables)
