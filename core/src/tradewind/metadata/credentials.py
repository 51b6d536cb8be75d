"""Looking up connections and variables: in secrets backends and in the metadata database, in the configured order.

A backend may be asked over a network, so no transaction is open meanwhile; the database is read when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, SecretError
from tradewind.metadata.statements import connections, variables
from tradewind.plugins.secrets import CONNECTION_PREFIX, Place, SecretsChain

F = TypeVar("F")


class BackendError(SecretError):
    """A secrets backend could not look, or has a text that is no connection; the message names both."""


@dataclass(frozen=True)
class Answer:
    """What one place says of a name.

    Arguments:
        place: its name: a secrets backend, or `database`.
        has: whether it has what was asked for; None where it was not asked, or could not look.
        is_used: whether this is the answer that counts.
        problem: why it could not look.
    """

    place: str
    has: bool | None
    is_used: bool = False
    problem: str | None = None


def find_connection(database: Database, conn_id: str, *, cipher: Cipher, secrets: SecretsChain) -> Connection:
    """Return the connection of that id.

    Raises:
        TradewindNotFoundException: no place has it.
        BackendError: a place before the one that has it could not be asked.
        SecretError: the database has it, and it cannot be decrypted.
    """
    for place in secrets.places:
        found = _connection_in(place, database, conn_id, cipher)
        if found is not None:
            return found
    raise TradewindNotFoundException(
        f"Connection {conn_id!r} is not defined: add it with `tradewind connections add {conn_id} --conn-uri …`, "
        f"or set {CONNECTION_PREFIX}{conn_id.upper()}."
    )


def find_variable(database: Database, key: str, *, cipher: Cipher, secrets: SecretsChain) -> str | None:
    """Return the variable's text, or None where no place has it.

    Raises:
        BackendError, SecretError: see `find_connection`.
    """
    found = (_variable_in(place, database, key, cipher) for place in secrets.places)
    return next((text for text in found if text is not None), None)


def explain_connection(database: Database, conn_id: str, *, cipher: Cipher, secrets: SecretsChain) -> list[Answer]:
    """Return what each place says of a connection, in their order, all of them asked."""
    return _explained(secrets, lambda place: _connection_in(place, database, conn_id, cipher))


def explain_variable(database: Database, key: str, *, cipher: Cipher, secrets: SecretsChain) -> list[Answer]:
    """Return what each place says of a variable, in their order, all of them asked."""
    return _explained(secrets, lambda place: _variable_in(place, database, key, cipher))


def _explained(secrets: SecretsChain, ask: Callable[[Place], object]) -> list[Answer]:
    answers: list[Answer] = []
    is_settled = False
    for place in secrets.places:
        try:
            has = ask(place) is not None
        except SecretError as error:
            # A place that cannot look ends the search: what stands behind it is not used
            answers.append(Answer(place.name, None, problem=str(error)))
            is_settled = True
            continue
        answers.append(Answer(place.name, has, is_used=has and not is_settled))
        is_settled = is_settled or has
    return answers


def _connection_in(place: Place, database: Database, conn_id: str, cipher: Cipher) -> Connection | None:
    if place.backend is not None:
        ask = partial(_connection_of, place.backend, conn_id)
        return _asked(place, f"connection {conn_id!r}", ask)
    with database.read() as db:
        return connections.get_connection(db, conn_id, cipher=cipher)


def _connection_of(backend: SecretsBackend, conn_id: str) -> Connection | None:
    try:
        return backend.get_connection(conn_id)
    except ValueError as error:
        raise BackendError(f"its text is neither a URI nor JSON: {error}") from error


def _variable_in(place: Place, database: Database, key: str, cipher: Cipher) -> str | None:
    if place.backend is not None:
        return _asked(place, f"variable {key!r}", partial(place.backend.get_variable, key))
    with database.read() as db:
        found = variables.get_variable(db, key, cipher=cipher)
    return None if found is None else found.value


def _asked(place: Place, what: str, ask: Callable[[], F]) -> F:
    try:
        return ask()
    except Exception as error:
        raise BackendError(f"The secrets backend {place.name!r} could not be asked for {what}: {error}") from error
