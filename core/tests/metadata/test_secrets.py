"""Secrets are encrypted at rest, and their keys can be rotated."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import Cipher, SecretError, open_cipher
from tradewind.metadata.statements import connections, encrypted, variables
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
    with pytest.raises(SecretError, match="a key that is not given"):
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


def test_a_lost_key_file_is_never_replaced_while_something_needs_it(database: Database, tmp_path: Path) -> None:
    cipher = open_cipher("", tmp_path)
    database.write(lambda c: variables.set_variable(c, "k", "hunter2", description=None, cipher=cipher))
    key = (tmp_path / "fernet.key").read_bytes()
    (tmp_path / "fernet.key").unlink()
    lost = open_cipher("", tmp_path)
    with database.read() as connection, pytest.raises(SecretError, match=r"fernet\.key is missing.*put the file back"):
        variables.get_variable(connection, "k", cipher=lost)
    for write in (
        lambda c: variables.set_variable(c, "new", "x", description=None, cipher=lost),
        lambda c: connections.add_connection(c, Connection(conn_id="new", password="x"), cipher=lost),
    ):
        with pytest.raises(SecretError, match=r"fernet\.key is missing"):
            database.write(write)
    assert not (tmp_path / "fernet.key").exists()
    database.write(lambda c: connections.add_connection(c, Connection(conn_id="plain", host="h"), cipher=lost))
    (tmp_path / "fernet.key").write_bytes(key)
    with database.read() as connection:
        assert variables.get_variable(connection, "k", cipher=open_cipher("", tmp_path)) is not None


def test_a_wrong_key_names_what_it_does_not_open_and_the_rest_goes_on(database: Database) -> None:
    old, new = Cipher(new_key()), Cipher(new_key())
    given = Connection(conn_id="db", conn_type="http", password="x", extra='{"a": 1}')
    database.write(lambda c: connections.add_connection(c, given, cipher=old))
    database.write(lambda c: variables.set_variable(c, "k", "v", description=None, cipher=old))
    database.write(lambda c: variables.set_variable(c, "mine", "v", description=None, cipher=new))
    with database.read() as connection:
        with pytest.raises(SecretError, match=r"The password of connection 'db' was encrypted with a key that is not"):
            connections.get_connection(connection, "db", cipher=new)
        with pytest.raises(SecretError, match="The value of variable 'k'"):
            variables.get_variable(connection, "k", cipher=new)
        assert variables.get_variable(connection, "mine", cipher=new) is not None
        assert [each.password for each in connections.list_masked(connection)] == ["***"]


def test_keys_are_rotated_in_batches_and_the_old_one_can_go(database: Database) -> None:
    old, new = new_key(), new_key()
    for number in range(7):
        given = Connection(conn_id=f"c{number}", password="p" if number % 2 else None, extra='{"n": 1}')
        database.write(lambda c, given=given: connections.add_connection(c, given, cipher=Cipher(old)))
    both, after, batches = Cipher(f"{new},{old}"), "", 0
    while done := database.write(
        lambda c, after=after: encrypted.rotate(c, encrypted.CONNECTIONS, both, after=after, most=3)
    ):
        after, batches = done[-1], batches + 1
    assert batches == 3
    with database.read() as connection:
        assert len(connections.list_connections(connection, cipher=Cipher(new))) == 7
        with pytest.raises(SecretError):
            connections.list_connections(connection, cipher=Cipher(old))


def test_a_rotation_without_the_old_key_changes_nothing(database: Database) -> None:
    old = Cipher(new_key())
    database.write(lambda c: variables.set_variable(c, "k", "v", description=None, cipher=old))
    with pytest.raises(SecretError, match="The value of variable 'k'"):
        database.write(lambda c: encrypted.rotate(c, encrypted.VARIABLES, Cipher(new_key()), after="", most=5))
    with database.read() as connection:
        assert variables.get_variable(connection, "k", cipher=old) is not None
