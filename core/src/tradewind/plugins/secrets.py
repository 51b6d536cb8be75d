"""Asking the secrets backends in their order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend

from tradewind.plugins.current import registry

CONNECTION_PREFIX: Final = "TRADEWIND_CONN_"
VARIABLE_PREFIX: Final = "TRADEWIND_VAR_"


class EnvironmentBackend(SecretsBackend):
    """Environment variables: `TRADEWIND_CONN_<ID>` (a URI or JSON) and `TRADEWIND_VAR_<KEY>`, in capitals."""

    def get_conn_value(self, conn_id: str) -> str | None:
        """Return `TRADEWIND_CONN_<ID>`."""
        return os.environ.get(CONNECTION_PREFIX + conn_id.upper())

    def get_variable(self, key: str) -> str | None:
        """Return `TRADEWIND_VAR_<KEY>`."""
        return os.environ.get(VARIABLE_PREFIX + key.upper())


class SecretsChain(SecretsBackend):
    """Several backends, asked in their order until one answers.

    What holds the metadata database is asked after them.
    """

    def __init__(self, backends: Sequence[SecretsBackend]) -> None:
        self._backends = tuple(backends)

    def get_connection(self, conn_id: str) -> Connection | None:
        """Return a connection from the first backend that has it."""
        answers = (backend.get_connection(conn_id) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)

    def get_variable(self, key: str) -> str | None:
        """Return a variable from the first backend that has it."""
        answers = (backend.get_variable(key) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)

    def get_config(self, key: str) -> str | None:
        """Return a setting from the first backend that has it."""
        answers = (backend.get_config(key) for backend in self._backends)
        return next((answer for answer in answers if answer is not None), None)


def secrets_chain(names: Sequence[str] = ("environment",)) -> SecretsChain:
    """Return the chain of the backends of these names, each made without arguments.

    `environment` brings with it what plugins declare as `environment.<whose>`: other names for the same, asked after our own.

    Raises:
        TradewindConfigException: there is no backend of a name.
    """
    known = registry()
    besides = [name for name in known.names("secrets backend") if name.startswith("environment.") and name not in names]
    chosen = [each for name in names for each in (name, *(besides if name == "environment" else ()))]
    return SecretsChain([known.load("secrets backend", name)() for name in chosen])
