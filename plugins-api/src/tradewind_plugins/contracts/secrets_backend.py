"""The secrets backend contract: another place than the metadata database for connections, variables and settings."""

from __future__ import annotations

from typing import ClassVar

from tradewind_plugins.connection import Connection

__all__ = ["SecretsBackend"]


class SecretsBackend:
    """Answers for the secrets it has, and None for all others, so that the next backend is asked.

    Airflow's method names.
    """

    contract_version: ClassVar[str] = "0.1"
    is_local: ClassVar[bool] = False
    """Whether it answers from this machine, at once. The answers of all others are kept for a while."""

    def get_conn_value(self, conn_id: str) -> str | None:
        """Return a connection as a URI or as JSON."""
        return None

    def get_connection(self, conn_id: str) -> Connection | None:
        """Return a connection; by default read from `get_conn_value`.

        Raises:
            ValueError: The text is neither a connection's URI nor its JSON.
        """
        text = self.get_conn_value(conn_id)
        return None if text is None else Connection.parse(text, conn_id)

    def get_variable(self, key: str) -> str | None:
        """Return a variable's text."""
        return None

    def get_config(self, key: str) -> str | None:
        """Return a setting whose value is kept as a secret."""
        return None
