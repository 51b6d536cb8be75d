"""DAGs with runs behind the API, on one SQLite database for each module of tests: each test makes runs of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from stages import Stage, parsed, staged
from tradewind.access.actors import Actor
from tradewind.operations.context import Tools


@pytest.fixture(scope="session")
def parsed_api(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose DAG folder has one file, which was parsed; to be copied."""
    return parsed(sqlite_template, tmp_path_factory.mktemp("parsed_api"))


@pytest.fixture(scope="module")
def stage(
    parsed_api: Path, tmp_path_factory: pytest.TempPathFactory, app_of: Callable[[Tools, Actor], Flask]
) -> Iterator[Stage]:
    """DAGs behind the API, for all tests of a module."""
    with staged(parsed_api, tmp_path_factory.mktemp("stage"), app_of) as stage:
        yield stage


@pytest.fixture
def client(stage: Stage) -> FlaskClient:
    """Sends requests in the name of somebody who may do everything."""
    return stage.client()
