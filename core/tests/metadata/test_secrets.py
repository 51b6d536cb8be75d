"""Secrets are encrypted at rest, and their keys can be rotated."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, SecretError, open_cipher
from tradewind.metadata.statements import connections, variables
from tradewind_plugins.connection import Connection


def new_key() -> str:
    """A fresh Fernet key."""
    return Fernet.generate_key().decode()


def test_the_key_in_the_home_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = open_cipher("", tmp_path).encrypt("x")
    assert open_cipher("", tmp_path).decrypt(secret) == "x"
    assert stat.S_IMODE((tmp_path / "fernet.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["fernet.key"]


def test_an_old_key_still_reads(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    secret = Cipher(old).encrypt("x")
    assert Cipher(f"{new},{old}").decrypt(secret) == "x"
    with pytest.raises(SecretError, match="give the old key too"):
        Cipher(new).decrypt(secret)


def test_what_is_no_key_is_named() -> None:
    with pytest.raises(SecretError, match=r"security\.fernet_key is not a Fernet key"):
        Cipher("hunter2")


def test_a_connection_comes_back_and_its_secrets_do_not_lie_open(database: Database) -> None:
    cipher = Cipher(new_key())
    given = Connection(
        conn_id="db", conn_type="postgres", host="h", login="me", password="hunter2", port=5, extra='{"token": "abc"}'
    )
    database.write(lambda c: connections.add_connection(c, given, cipher=cipher))
    with database.read() as connection:
        assert connections.get_connection(connection, "db", cipher=cipher) == given
        assert connections.list_connections(connection, cipher=cipher) == [given]
        stored = str(connection.execute(sa.text("SELECT * FROM connection")).all())
    assert "hunter2" not in stored
    assert "abc" not in stored


def test_connection_ids_are_unique(database: Database) -> None:
    cipher = Cipher(new_key())
    given = Connection(conn_id="db", conn_type="http")
    database.write(lambda c: connections.add_connection(c, given, cipher=cipher))
    with pytest.raises(sa.exc.IntegrityError):
        database.write(lambda c: connections.add_connection(c, given, cipher=cipher))
    assert database.write(lambda c: connections.delete_connection(c, "db"))
    assert not database.write(lambda c: connections.delete_connection(c, "db"))


def test_a_variable_is_replaced_and_keeps_its_description(database: Database) -> None:
    cipher = Cipher(new_key())
    database.write(lambda c: variables.set_variable(c, "k", "hunter2", description="why", cipher=cipher))
    database.write(lambda c: variables.set_variable(c, "k", "hunter3", description=None, cipher=cipher))
    with database.read() as connection:
        assert variables.get_variable(connection, "k", cipher=cipher) == variables.Variable("k", "hunter3", "why")
        assert variables.list_variables(connection) == [("k", "why")]
        assert "hunter" not in str(connection.execute(sa.text("SELECT * FROM variable")).all())
    assert database.write(lambda c: variables.delete_variable(c, "k"))
    with database.read() as connection:
        assert variables.get_variable(connection, "k", cipher=cipher) is None
