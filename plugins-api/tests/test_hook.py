"""Hooks reach their connection through the host, and say which one it was that failed."""

from __future__ import annotations

import traceback

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.dbapi import DbApiHook
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import Host, bind


class ParrotHook(BaseHook):
    conn_name_attr = "parrot_conn_id"

    def __init__(self, parrot_conn_id: str) -> None:
        super().__init__()
        self.parrot_conn_id = parrot_conn_id


class Cage(Host):
    def __init__(self, **fields):
        self.known = Connection(conn_id="polly", **{"conn_type": "parrot", **fields})
        self.masked = []

    def connection(self, conn_id):
        return self.known.replace(conn_id=conn_id)

    def hook_class(self, conn_type):
        return {"parrot": ParrotHook}[conn_type]

    def mask(self, secret):
        self.masked.append(secret)


def test_a_connections_type_leads_to_its_hook():
    with bind(Cage()):
        hook = BaseHook.get_hook("polly")
    assert (type(hook), hook.connection_id) == (ParrotHook, "polly")


def test_a_connection_without_a_type_is_named():
    with bind(Cage(conn_type="")), pytest.raises(TradewindException, match="connection 'polly' has no type"):
        BaseHook.get_hook("polly")


@pytest.mark.parametrize(
    ("fields", "place"),
    [({}, "parrot"), ({"host": "perch"}, "parrot, perch"), ({"host": "perch", "port": 7}, "parrot, perch:7")],
)
def test_an_error_names_the_connection_its_place_and_no_password(fields, place):
    host = Cage(password="cracker", **fields)
    with bind(host), pytest.raises(ConnectionFailed) as failed, ParrotHook("polly").naming_errors(OSError):
        raise ConnectionResetError("no\n answer to cracker")
    assert str(failed.value) == f"connection 'polly' ({place}): no answer to ***"
    assert host.masked == ["cracker"]


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("https://polly:cr%40cker@perch/x?token=cr@cker#y", "https://perch/x"),
        ("polly:cr@cker@perch", "perch"),
        ("https://perch:8080/x", "https://perch:8080/x"),
        ("/data/a@b.db", "/data/a@b.db"),
        ("https://polly:cr@cker@[::1", "https://[::1"),
    ],
)
def test_an_error_names_an_address_without_the_login_in_it(host, place):
    with bind(Cage(host=host)), pytest.raises(ConnectionFailed) as failed, ParrotHook("polly").naming_errors(OSError):
        raise OSError("away")
    assert str(failed.value) == f"connection 'polly' (parrot, {place}): away"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"password": "p@ss/w rd"}, "no answer to p%40ss%2Fw%20rd nor p%40ss%2Fw+rd"),
        ({"password": 'p"w'}, 'refused: {"password": "p\\"w"}'),
        ({"extra": '{"deep": {"api_key": "k3y-of-polly"}, "tokens": ["k3y-of-polly"]}'}, "bad key k3y-of-polly"),
        ({"extra": "k3y-of-polly"}, "bad key k3y-of-polly"),
        ({"host": "ftp://polly:k3y-of-polly@perch"}, "polly may not come in with k3y-of-polly"),
        ({}, "no route to redis://polly:k3y-of-polly@perch:1/0"),
    ],
)
def test_neither_an_error_nor_what_it_comes_from_tells_a_secret(fields, text):
    with bind(Cage(**fields)), pytest.raises(ConnectionFailed) as failed, ParrotHook("polly").naming_errors(OSError):
        raise OSError("no answer") from ValueError(text)
    told = "".join(traceback.format_exception(failed.value))
    assert "***" not in str(failed.value)
    assert not any(each in told for each in ("k3y", "p%40", 'p\\"w'))
    with bind(Cage(**fields)), pytest.raises(ConnectionFailed) as failed, ParrotHook("polly").naming_errors(OSError):
        raise OSError(text)
    assert "***" in str(failed.value)
    told = "".join(traceback.format_exception(failed.value))
    assert not any(each in told for each in ("k3y", "p%40", 'p\\"w'))
    assert failed.value.__cause__ is None


def test_an_error_without_a_secret_keeps_what_it_comes_from():
    with (
        bind(Cage(password="cracker")),
        pytest.raises(ConnectionFailed) as failed,
        ParrotHook("polly").naming_errors(OSError),
    ):
        raise ConnectionResetError("gone")
    assert isinstance(failed.value.__cause__, ConnectionResetError)


def test_an_error_without_a_word_is_called_by_its_name_and_others_pass():
    hook = ParrotHook("polly")
    with bind(Cage()), pytest.raises(ConnectionFailed, match="TimeoutError"), hook.naming_errors(OSError):
        raise TimeoutError
    with pytest.raises(ValueError, match="mine"), hook.naming_errors(OSError):
        raise ValueError("mine")


class AwayHook(DbApiHook):
    conn_name_attr = "away_conn_id"
    default_conn_name = "away"

    def connection_errors(self):
        return (OSError,)

    def get_conn(self):
        raise ConnectionRefusedError("refused")


@pytest.mark.parametrize("call", [lambda hook: hook.get_records("SELECT 1"), lambda hook: hook.insert_rows("t", [[1]])])
def test_sql_over_a_database_that_is_away_names_the_connection(call):
    with bind(Cage()), pytest.raises(ConnectionFailed, match=r"connection 'away' \(parrot\): refused"):
        call(AwayHook())
