"""The services by name, each with how it is started: for `nox -s services`, and for suites that run beside their service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from services.fake_gcs import fake_gcs_server
from services.mariadb import mariadb_server
from services.moto import moto_server
from services.postgres import postgres_server
from services.rabbitmq import rabbitmq_server
from services.redis import redis_server
from services.sshd import sshd_server

__all__ = ["SERVICES", "variable_of"]

SERVICES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "fake-gcs": fake_gcs_server,
    "mariadb": mariadb_server,
    "moto": moto_server,
    "postgres": postgres_server,
    "rabbitmq": rabbitmq_server,
    "redis": redis_server,
    "sshd": sshd_server,
}
"""What starts a service and gives its URL."""


def variable_of(name: str) -> str:
    """Return the environment variable by which tests are told the URL of a service that runs already."""
    return f"TRADEWIND_TEST_{name.upper().replace('-', '_')}"
