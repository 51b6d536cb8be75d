from __future__ import annotations

import os

import psycopg2
import pytest
from tradewind_plugins.connection import Connection
from tradewind_postgres.hooks.postgres import PostgresHook


@pytest.fixture(scope="session")
def server_url(request):
    """URL of a real PostgreSQL server; `TRADEWIND_TEST_POSTGRES` names a running one, else it is started once a session."""
    running = os.environ.get("TRADEWIND_TEST_POSTGRES")
    if running:
        yield running
        return
    try:
        shared = request.getfixturevalue("postgres_url")  # of all tests of the repository
    except pytest.FixtureLookupError:
        shared = None
    if shared is not None:
        yield shared
        return
    from services.postgres import postgres_server  # noqa: PLC0415 - where the server is given, nothing of it is installed

    with postgres_server() as url:
        yield url


def execute(url, statement):
    conn = psycopg2.connect(url)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
    finally:
        conn.close()


@pytest.fixture(scope="session")
def database(server_url):
    """The connection to a database of this session's own."""
    name = f"tradewind_provider_{os.getpid()}"
    execute(server_url, f"DROP DATABASE IF EXISTS {name}")
    execute(server_url, f"CREATE DATABASE {name}")
    yield Connection.from_uri(server_url, "postgres_default").replace(schema=name)
    execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def shop(host, database):
    """The hook of a database with a fresh table of visits."""
    host.add_connection(database)
    hook = PostgresHook()
    hook.run(
        [
            "DROP TABLE IF EXISTS visits",
            "CREATE TABLE visits (day TEXT PRIMARY KEY, visitors INTEGER, told JSONB)",
            "INSERT INTO visits VALUES ('2020-12-31', 10), ('2021-01-01', 12)",
        ]
    )
    return hook
