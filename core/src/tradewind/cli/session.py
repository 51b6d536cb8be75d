"""What commands share: the configuration and the database, opened once and closed at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tradewind_plugins.contracts.secrets_backend import SecretsBackend

from tradewind.config import Config, Loaded, load
from tradewind.metadata import schema
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.plugins.secrets import secrets_chain


@dataclass(frozen=True)
class Session:
    """An open database with its configuration."""

    loaded: Loaded
    database: Database

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.loaded.config

    @property
    def cipher(self) -> Cipher:
        """What encrypts connections and variables."""
        return open_cipher(self.config.security.fernet_key, self.config.home)

    @property
    def secrets(self) -> SecretsBackend:
        """What is asked for connections and variables before the database."""
        return secrets_chain(self.config.plugins.secrets_backends)


@contextmanager
def open_session(*, overrides: Mapping[tuple[str, str], Any] | None = None, check: bool = True) -> Iterator[Session]:
    """Open the configuration and the database until the block ends.

    Arguments:
        overrides: values by (section, key) given on the command line.
        check: refuse a database whose schema is not this release's.
    Raises:
        ConfigError, SchemaError: with one sentence that says what mends it.
    """
    loaded = load(overrides=overrides)
    database = Database(loaded.config.database.url, pool_size=loaded.config.database.pool_size)
    try:
        if check:
            schema.require_current(database)
        yield Session(loaded, database)
    finally:
        database.dispose()
