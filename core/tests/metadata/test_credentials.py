"""Connections and variables are looked up in the configured order, and a place that cannot look is never passed over."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from tradewind.metadata import credentials
from tradewind.metadata.credentials import Answer, BackendError, find_connection, find_variable
from tradewind.metadata.secrets import Cipher
from tradewind.metadata.statements import connections, variables
from tradewind.plugins.secrets import Place, SecretsChain
from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindNotFoundException

CIPHER = Cipher(Fernet.generate_key().decode())


class Fixed(SecretsBackend):
    def __init__(self, **known):
        self.known = known

    def get_conn_value(self, conn_id):
        return self.known.get(conn_id)

    def get_variable(self, key):
        return self.known.get(key)


class Away(SecretsBackend):
    def get_conn_value(self, conn_id):
        raise ConnectionError("the vault is sealed")

    def get_variable(self, key):
        raise ConnectionError("the vault is sealed")


@pytest.fixture
def stored(database):
    """A database that has the connection and the variable `both`, and of its own `stored`."""
    for name in ("both", "stored"):
        new = Connection(conn_id=name, conn_type="x", host="of the database")
        database.write(lambda db, new=new: connections.add_connection(db, new, cipher=CIPHER))
        database.write(
            lambda db, name=name: variables.set_variable(db, name, "of the database", description=None, cipher=CIPHER)
        )
    return database


def chain(*places):
    return SecretsChain([Place(name, backend) for name, backend in places])


BEFORE = chain(("vault", Fixed(both="x://of%20the%20vault")), ("database", None))
AFTER = chain(("database", None), ("vault", Fixed(both="x://of%20the%20vault", mine="x://mine")))
SEALED = chain(("first", Fixed(early="x://early")), ("sealed", Away()), ("database", None))


def found(database, secrets, name):
    answer = find_connection(database, name, cipher=CIPHER, secrets=secrets).host
    assert find_variable(database, name, cipher=CIPHER, secrets=secrets) is not None
    return answer


def test_the_first_place_that_has_it_answers(stored):
    assert [found(stored, BEFORE, name) for name in ("both", "stored")] == ["of the vault", "of the database"]
    assert [found(stored, AFTER, name) for name in ("both", "mine")] == ["of the database", "mine"]


def test_what_no_place_has_is_named(stored):
    with pytest.raises(TradewindNotFoundException, match="'nowhere' is not defined"):
        find_connection(stored, "nowhere", cipher=CIPHER, secrets=BEFORE)
    assert find_variable(stored, "nowhere", cipher=CIPHER, secrets=BEFORE) is None


def test_a_place_that_cannot_look_ends_the_search(stored):
    assert found(stored, SEALED, "early") == "early"
    with pytest.raises(
        BackendError, match="backend 'sealed' could not be asked for connection 'stored': the vault is seal"
    ):
        find_connection(stored, "stored", cipher=CIPHER, secrets=SEALED)
    with pytest.raises(BackendError, match="for variable 'stored'"):
        find_variable(stored, "stored", cipher=CIPHER, secrets=SEALED)


def test_a_text_that_is_no_connection_is_told_without_the_text(stored):
    with pytest.raises(BackendError, match="'vault' could not be asked for connection 'bad'") as failed:
        find_connection(stored, "bad", cipher=CIPHER, secrets=chain(("vault", Fixed(bad="hunter2"))))
    assert "hunter2" not in str(failed.value)


def test_the_database_is_read_only_when_its_turn_comes(stored, statements):
    with statements.recorded(stored):
        find_connection(stored, "both", cipher=CIPHER, secrets=BEFORE)
        find_variable(stored, "both", cipher=CIPHER, secrets=BEFORE)
    statements.assert_at_most(0)


def test_every_place_says_what_it_has(stored):
    explain = {"cipher": CIPHER, "secrets": BEFORE}
    both = [Answer("vault", True, is_used=True), Answer("database", True)]
    assert credentials.explain_connection(stored, "both", **explain) == both
    assert credentials.explain_variable(stored, "both", **explain) == both
    assert credentials.explain_variable(stored, "nowhere", **explain) == [
        Answer("vault", False),
        Answer("database", False),
    ]


def test_what_stands_behind_a_place_that_cannot_look_is_not_used(stored):
    answers = credentials.explain_connection(stored, "stored", cipher=CIPHER, secrets=SEALED)
    assert [(each.place, each.has, each.is_used) for each in answers] == [
        ("first", False, False),
        ("sealed", None, False),
        ("database", True, False),
    ]
    assert "the vault is sealed" in answers[1].problem
