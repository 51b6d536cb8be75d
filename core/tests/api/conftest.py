"""A REST API on a real database: in the process for most tests, behind a real server for the published client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import airflow_client.client as airflow
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.access.operations import Permission
from tradewind.api import problems
from tradewind.api.blueprint import PREFIX, make_blueprint
from tradewind.config import load
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.context import Tools
from waitress import wasyncore
from waitress.server import create_server

MIGHTY = Actor("ada", 1, None)


@pytest.fixture
def tools(database: Database, tmp_path: Path) -> Iterator[Tools]:
    wakeups = open_wakeups(database, tmp_path)
    yield Tools(load(tmp_path, {}).config, database, SystemClock(), wakeups)
    wakeups.close()


def make_app(tools: Tools, actor: Actor) -> Flask:
    app = Flask("tradewind")
    app.register_blueprint(make_blueprint(tools, lambda _request: actor))
    problems.install(app)
    return app


@pytest.fixture
def client(tools: Tools) -> Iterator[FlaskClient]:
    """Sends requests in the name of somebody who may do everything."""
    with make_app(tools, MIGHTY).test_client() as client:
        yield client


@pytest.fixture
def client_for() -> Callable[[Tools], FlaskClient]:
    """Makes clients of somebody mighty on other tools, such as ones with another configuration."""
    return lambda tools: make_app(tools, MIGHTY).test_client()


@pytest.fixture
def client_of(tools: Tools) -> Callable[..., FlaskClient]:
    """Makes clients of people who have these permissions only: `client_of(("can_read", "Pools"))`."""

    def make(*permissions: tuple[str, str]) -> FlaskClient:
        granted = frozenset(Permission(*each) for each in permissions)
        return make_app(tools, Actor("bob", 2, granted)).test_client()

    return make


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Answer at a port until the block ends; yields the API's URL."""
    sockets: dict[int, object] = {}
    served = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=2)
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)

    thread = threading.Thread(target=turn)
    thread.start()
    yield f"http://127.0.0.1:{served.effective_port}{PREFIX}"
    stop.set()
    thread.join()
    served.task_dispatcher.shutdown()
    wasyncore.close_all(sockets)


@contextmanager
def connecting(url: str) -> Iterator[airflow.ApiClient]:
    """Yield the published client for Airflow's API, unchanged, connected to a server."""
    configuration = airflow.Configuration(host=url, username="ada", password="lovelace")
    with airflow.ApiClient(configuration) as client:
        yield client
        client.rest_client.pool_manager.clear()


@pytest.fixture(scope="session")
def app_of() -> Callable[[Tools, Actor], Flask]:
    """Makes an app with the API, for somebody."""
    return make_app


@pytest.fixture(scope="session")
def serve() -> Callable[[Flask], AbstractContextManager[str]]:
    """Answers at a port for the length of a block, for tests that share a server."""
    return serving


@pytest.fixture(scope="session")
def connect() -> Callable[[str], AbstractContextManager[airflow.ApiClient]]:
    """Connects the published client to a server for the length of a block."""
    return connecting


@pytest.fixture
def server(tools: Tools) -> Iterator[str]:
    """URL of the API behind a real server."""
    with serving(make_app(tools, MIGHTY)) as url:
        yield url


@pytest.fixture
def airflow_client(server: str) -> Iterator[airflow.ApiClient]:
    """The published client for Airflow's API, unchanged, connected to the server."""
    with connecting(server) as client:
        yield client


@pytest.fixture(scope="module")
def published(
    stage: Any,
    app_of: Callable[[Tools, Actor], Flask],
    serve: Callable[[Flask], AbstractContextManager[str]],
    connect: Callable[[str], AbstractContextManager[airflow.ApiClient]],
) -> Iterator[airflow.ApiClient]:
    """The published client for Airflow's API, unchanged, connected to one server for all tests of a module.

    Arguments: the `stage` of the folder in which the tests are.
    """
    with serve(app_of(stage.tools, MIGHTY)) as url, connect(url) as client:
        yield client
