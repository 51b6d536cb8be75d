"""Through a real PgBouncer in transaction mode: each transaction gets another session of the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from services import pgbouncer

pytestmark = pytest.mark.long

CHAIN = """
from tradewind import dag, task

@dag(schedule=None)
def chain():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def square(n):
        return n * n

    @task
    def total(values):
        return sum(values)

    total(square.expand(n=numbers()))

chain()
"""


@pytest.fixture
def pooled_url(postgres_database_url: str) -> Iterator[str]:
    """The URL of a database with the schema, through a pooler with three sessions for everybody."""
    if not pgbouncer.is_installed():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(pgbouncer.MISSING)
    with pgbouncer.pgbouncer_server(postgres_database_url, pool_size=3) as url:
        yield url


@pytest.mark.postgres
def test_runs_go_through_a_pooler(
    pooled_url: str, postgres_database_url: str, deploy: Callable[[str], Any], tmp_path: Path
) -> None:
    deployment = deploy(pooled_url)
    deployment.environment |= {
        "TRADEWIND__DATABASE__PREPARED_STATEMENTS": "false",
        "TRADEWIND__DATABASE__LISTEN_URL": postgres_database_url,
        # Were the wake-ups lost, each of the links would wait for this
        "TRADEWIND__SCHEDULER__POLL_INTERVAL": "20",
    }
    deployment.start("processor", "worker", "scheduler")
    deployment.put("chain.py", CHAIN)
    deployment.until("the file is picked up", deployment.dag_ids)
    for number in range(2):
        assert deployment.cli("dags", "trigger", "chain", "--run-id", f"r{number}").returncode == 0
    for number in range(2):
        deployment.until(
            "the run ends", lambda n=number: deployment.run_state("chain", f"r{n}") == "success", patience=15
        )
    shown = {each.application_name for each in sessions(postgres_database_url)}
    assert "tradewind wake-ups" in shown, "they go past the pooler"
    assert deployment.cli("db", "migrate").returncode == 0
    assert deployment.stop() == {"processor": 0, "worker": 0, "scheduler": 0}


@pytest.mark.postgres
def test_each_daemon_has_its_name_and_no_more_than_its_connections(
    postgres_database_url: str, deploy: Callable[[str], Any]
) -> None:
    """What docs/how-to/run-on-postgresql.md says of the number of connections: it follows the services, not the tasks."""
    deployment = deploy(postgres_database_url)
    deployment.start("processor", "worker", "scheduler")
    deployment.put("chain.py", CHAIN)
    deployment.until("the file is picked up", deployment.dag_ids)
    for number in range(3):
        assert deployment.cli("dags", "trigger", "chain", "--run-id", f"r{number}").returncode == 0
    most: dict[str, int] = {}

    def ended() -> bool:
        counted: dict[str, int] = {}
        for each in sessions(postgres_database_url):
            counted[each.application_name] = counted.get(each.application_name, 0) + 1
        most.update({name: max(count, most.get(name, 0)) for name, count in counted.items()})
        return all(deployment.run_state("chain", f"r{n}") == "success" for n in range(3))

    deployment.until("all runs end", ended)
    # One connection each for their work; the scheduler and the worker have an ear and a mouth, the processor a mouth
    works = [name for name in most if name in {"tradewind scheduler", "tradewind worker", "tradewind dag-processor"}]
    assert len(works) == 3
    assert [most[name] for name in works] == [1, 1, 1]
    now = [each.application_name for each in sessions(postgres_database_url)]  # the commands above have gone
    assert 0 < now.count("tradewind wake-ups") <= 2 + 2 + 1


def sessions(url: str) -> list[Any]:
    """Return who is connected to a database, but for this question itself."""
    name = sa.make_url(url).database
    with psycopg.connect(url, row_factory=psycopg.rows.namedtuple_row) as connection:
        return connection.execute(
            "SELECT pid, application_name FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'",
            [name],
        ).fetchall()
