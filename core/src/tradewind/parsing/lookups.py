"""Variables and connections that DAG files ask for while they are imported, and how to notice that one has changed."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from time import monotonic as system_monotonic
from typing import Any

from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata.credentials import find_connection, find_variable
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements.lookups import StoredLookup, stored_lookups
from tradewind.metadata.statements.parsing import last_interval
from tradewind.metadata.statements.views import Asked
from tradewind.metadata.viewing import read_page
from tradewind.plugins.secrets import SecretsChain

_BACKEND_SECONDS = 60.0


class Lookups:
    """Answers from the secrets backends, then from the database."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        backends: SecretsChain,
        *,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        self._database = database
        self._cipher = cipher
        self._backends = backends
        # Digests of secrets are stored. Keyed with what this process alone knows, they give nobody anything to try
        # passwords on; after a restart files with lookups are read once more.
        self._key = secrets.token_bytes(32)
        self._monotonic = monotonic
        self._rows: dict[str, StoredLookup | None] = {}
        self._backend_digests: dict[str, str] = {}
        self._backends_asked_at = float("-inf")

    def answer(self, kind: str, name: str) -> Any:
        """Return a variable's text, a connection's fields or a DAG's last interval, None where there is none; or a table's page.

        Raises:
            ValueError: there is no such table or column.
        """
        if kind == "table":
            page = read_page(self._database, Asked(**json.loads(name)), cipher=self._cipher)
            return page.to_json()
        if kind == "last interval":
            with self._database.read() as connection:
                last = last_interval(connection, name)
            return None if last is None else [each.isoformat() for each in last]
        if kind == "variable":
            return find_variable(self._database, name, cipher=self._cipher, secrets=self._backends)
        try:
            return find_connection(self._database, name, cipher=self._cipher, secrets=self._backends).to_dict()
        except TradewindNotFoundException:
            return None

    def digests(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Return a digest for each answer, by ``kind:name``."""
        return {
            name: hmac.new(self._key, json.dumps(value, sort_keys=True).encode(), hashlib.sha256).hexdigest()
            for name, value in asked.items()
        }

    def changed(self, asking: Mapping[str, Mapping[str, str]]) -> set[str]:
        """Return the files for which an answer differs from the one that they have.

        Costs one statement for all of them, and one more for each answer whose row in the database is another one.

        Args:
            asking: for each file what it asked for, with the digest of the answer.
        """
        names = {name for before in asking.values() for name in before}
        suspects = self._with_another_row(names) | self._with_another_backend_answer(names)
        now = self.digests({name: self.answer(*name.split(":", 1)) for name in suspects})
        return {
            path
            for path, before in asking.items()
            if any(before[name] != now[name] for name in suspects.intersection(before))
        }

    def _with_another_row(self, names: set[str]) -> set[str]:
        with self._database.read() as connection:
            rows = stored_lookups(
                connection,
                variables=_of_kind("variable", names),
                connections=_of_kind("connection", names),
            )
        changed = {name for name in names if name not in self._rows or self._rows[name] != rows.get(name)}
        self._rows = {name: rows.get(name) for name in names}
        return changed

    def _with_another_backend_answer(self, names: set[str]) -> set[str]:
        """Ask what stands before the database, such as a vault: seldom, as each answer may be a request."""
        now = self._monotonic()
        if now < self._backends_asked_at + _BACKEND_SECONDS:
            return set()
        self._backends_asked_at = now
        found = self.digests({name: self._backend_answer(*name.split(":", 1)) for name in names})
        changed = {name for name in names if self._backend_digests.get(name, found[name]) != found[name]}
        self._backend_digests = found
        return changed

    def _backend_answer(self, kind: str, name: str) -> Any:
        if kind == "variable":
            return self._backends.get_variable(name)
        found = self._backends.get_connection(name)
        return None if found is None else found.to_dict()


def _of_kind(kind: str, names: set[str]) -> list[str]:
    return sorted(name.partition(":")[2] for name in names if name.startswith(f"{kind}:"))
