"""Errors that are part of the interface: they reach the terminal as one line with their id, without a traceback."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, InvalidRequestError, NoSuchModuleError
from tradewind_plugins import exceptions

from tradewind.config import ConfigError, UnknownKeyError
from tradewind.metadata.credentials import BackendError
from tradewind.metadata.file_systems import NetworkFileSystemError
from tradewind.metadata.schema import MigrationBlockedError, SchemaError
from tradewind.metadata.secrets import SecretError
from tradewind.operations.errors import OperationError

# Of an error's classes the most special one that is listed gives the id
ERROR_IDS: dict[type[Exception], str] = {
    ConfigError: "config-invalid",
    UnknownKeyError: "config-unknown-key",
    MigrationBlockedError: "migration-blocked",
    NetworkFileSystemError: "database-on-network",
    PermissionError: "no-permission",
    SchemaError: "database-schema",
    SecretError: "fernet-key",
    BackendError: "secrets-backend",
    exceptions.TradewindException: "refused",
    exceptions.DagNotFound: "no-such-dag",
    exceptions.DagRunNotFound: "no-such-run",
    exceptions.TaskNotFound: "no-such-task",
    exceptions.TradewindNotFoundException: "not-found",
    exceptions.DagRunAlreadyExists: "run-exists",
    exceptions.ParamValidationError: "param-invalid",
    exceptions.TradewindConfigException: "config-invalid",
    exceptions.SerializationError: "not-serializable",
}


class Told(NamedTuple):
    """What people read of an error: the sentence and the id of its kind."""

    sentence: str
    error_id: str


def describe(error: Exception) -> Told | None:
    """Return the one line that people read, or None for an error that nobody expected."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OperationError):
        return Told(str(error), error.error_id)
    if isinstance(error, InvalidRequestError) and "not a MariaDB variant" in str(error):
        told = "database.url leads to a MySQL server: Tradewind runs on MariaDB 10.6 or newer, PostgreSQL and SQLite."
        return Told(told, "database-url")
    if isinstance(error, NoSuchModuleError):
        return Told(f"database.url names a kind of database that is not known here: {error}", "database-url")
    error_id = next((ERROR_IDS[each] for each in type(error).__mro__ if each in ERROR_IDS), None)
    if error_id is None:
        return None
    return Told(_sentence(error), error_id)


def _sentence(error: Exception) -> str:
    if isinstance(error, PermissionError) and error.filename is not None:
        return (
            f"No permission to use {error.filename}: run this as the user whom it belongs to, or name another folder "
            "with TRADEWIND_HOME."
        )
    return str(error)


def _of_database(error: DBAPIError) -> Told:
    text = str(error.orig).strip()
    reason = text.splitlines()[0] if text else type(error.orig).__name__
    way = "`tradewind config list` shows database.url and its source"
    if error.statement is None:  # it was not even asked anything
        return Told(f"The metadata database cannot be reached: {reason} ({way})", "database-unreachable")
    return Told(f"The metadata database refused: {reason} ({way})", "database-refused")
