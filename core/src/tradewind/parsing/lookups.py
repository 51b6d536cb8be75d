"""Variables and connections that DAG files ask for while they are imported, and how to notice that one has changed."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata.credentials import find_connection, find_variable
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher


class Lookups:
    """Answers from the secrets backends, then from the database."""

    def __init__(self, database: Database, cipher: Cipher, backends: SecretsBackend) -> None:
        self._database = database
        self._cipher = cipher
        self._backends = backends
        # Digests of secrets are stored. Keyed with what this process alone knows, they give nobody anything to try
        # passwords on; after a restart files with lookups are read once more.
        self._key = secrets.token_bytes(32)

    def answer(self, kind: str, name: str) -> Any:
        """Return a variable's text or a connection's fields; None where there is none."""
        with self._database.read() as connection:
            if kind == "variable":
                return find_variable(connection, name, cipher=self._cipher, secrets=self._backends)
            try:
                return find_connection(connection, name, cipher=self._cipher, secrets=self._backends).to_dict()
            except TradewindNotFoundException:
                return None

    def digests(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Return a digest for each answer, by ``kind:name``."""
        return {
            name: hmac.new(self._key, json.dumps(value, sort_keys=True).encode(), hashlib.sha256).hexdigest()
            for name, value in asked.items()
        }

    def have_changed(self, before: Mapping[str, str]) -> bool:
        """Ask again and tell whether an answer differs."""
        return self.digests({name: self.answer(*name.split(":", 1)) for name in before}) != dict(before)
