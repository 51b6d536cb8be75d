"""Errors that are part of the interface: they reach the terminal as one line, without a traceback."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InvalidRequestError, NoSuchModuleError
from tradewind_plugins.exceptions import TradewindException

from tradewind.config import ConfigError
from tradewind.metadata.file_systems import NetworkFileSystemError
from tradewind.metadata.schema import SchemaError
from tradewind.metadata.secrets import SecretError

EXPECTED = (ConfigError, NetworkFileSystemError, PermissionError, SchemaError, SecretError, TradewindException)


def describe(error: Exception) -> str | None:
    """Return the one line that people read, or None for an error that nobody expected."""
    if isinstance(error, DBAPIError):
        text = str(error.orig).strip()
        reason = text.splitlines()[0] if text else type(error.orig).__name__
        return f"The metadata database refused: {reason} (`tradewind config list` shows database.url and its source)"
    if isinstance(error, InvalidRequestError) and "not a MariaDB variant" in str(error):
        return "database.url leads to a MySQL server: Tradewind runs on MariaDB 10.6 or newer, PostgreSQL and SQLite."
    if isinstance(error, NoSuchModuleError):
        return f"database.url names a kind of database that is not known here: {error}"
    if isinstance(error, PermissionError) and error.filename is not None:
        return (
            f"No permission to use {error.filename}: run this as the user whom it belongs to, or name another folder "
            "with TRADEWIND_HOME."
        )
    return str(error) if isinstance(error, EXPECTED) else None
