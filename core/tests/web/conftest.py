"""Pages over DAGs with runs, in the name of whom a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from stages import DAGS, Stage, parsed, staged
from tradewind.access.actors import Actor
from tradewind.operations.context import Tools
from tradewind.web.pages import FEEDS, PAGES
from tradewind.web.pages.blueprint import make_pages

MORE = """
from tradewind import TaskGroup

with DAG("grouped", schedule=None, is_paused_upon_creation=False, max_active_runs=1000, max_active_tasks=1000):
    with TaskGroup("outer"):
        with TaskGroup("inner"):
            for name in ("one", "two"):
                task(task_id=name)(at_work)()
        task(task_id="three")(at_work)()
    task(task_id="outside")(at_work)()

with DAG("hostile", schedule=None, is_paused_upon_creation=False, description="<script>alert(1)</script>",
         doc_md="<img src=x onerror=alert(2)>", tags=["<b>tag"], params={"p": Param("<i>", description="<u>help")}):
    EmptyOperator(task_id="nothing", doc_md="<script>alert(3)</script>")
"""


def app_of(tools: Tools, actor: Actor) -> Flask:
    """Return the pages as somebody sees them."""
    app = Flask("tradewind.web.app")
    app.secret_key = "flashes"
    app.register_blueprint(make_pages(tools, lambda: "token", PAGES, FEEDS))

    @app.before_request
    def somebody() -> None:
        g.actor = actor

    return app


@pytest.fixture(scope="session")
def parsed_pages(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose DAG folder has one file, which was parsed; to be copied."""
    return parsed(sqlite_template, tmp_path_factory.mktemp("parsed_pages"), DAGS + MORE)


@pytest.fixture(scope="module")
def stage(parsed_pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """DAGs behind the pages, for all tests of a module."""
    with staged(parsed_pages, tmp_path_factory.mktemp("stage"), app_of) as stage:
        yield stage


@pytest.fixture(scope="session")
def pages_app() -> Callable[[Tools, Actor], Flask]:
    """Makes the pages as somebody sees them, for a stage of a test's own."""
    return app_of
