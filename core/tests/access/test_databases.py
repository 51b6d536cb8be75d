"""The whole way in and out, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tradewind.access.attempts import Attempts, TooManyAttemptsError
from tradewind.access.secret_key import Presence
from tradewind.metadata import cleaning
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import audit, logins, tokens, users


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, is_direct=True)
    yield database
    database.dispose()


def test_people_get_in_by_password_session_and_token_and_out(make, database, people, clock) -> None:
    key = people.add(database, "ann", "Viewer")
    token = people.token(database, key, clock.now(), scopes=["*"])
    client = make(database).test_client()
    assert client.get("/", auth=("ann", "wrong")).status_code == 401
    assert client.get("/", auth=("a\0nn", "wrong")).status_code == 401
    assert client.get("/", auth=("ANN", people.password)).status_code == 200
    assert client.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert people.log_in(client, "ann").headers["Location"] == "/"
    clock.ahead = timedelta(minutes=2)
    assert client.get("/").status_code == 200
    assert client.get("/logout/").status_code == 302
    assert client.get("/").status_code == 401
    with database.read() as connection:
        entries, total = audit.list_events(connection, order_by="at")
        (listed,) = tokens.list_tokens(connection, user_id=key)
        (user,) = users.list_users(connection)
    assert [each.event for each in entries] == ["login_failed", "login_failed", "login", "logout"]
    assert (total, listed.scopes, user.login_count, user.fail_login_count) == (4, ("*",), 1, 0)
    later = clock.now() + timedelta(days=1)
    assert cleaning.clean(database, "audit_event", later, storage=None, batch=3) == 4  # type: ignore[arg-type]
    database.write(lambda c: users.delete_user(c, key))
    assert client.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_people_are_registered_who_come_from_elsewhere(make, database, people) -> None:
    people.add(database, "admin", "Admin")
    text = "AUTH_TYPE = 3\nAUTH_USER_REGISTRATION = True\nAUTH_USER_REGISTRATION_ROLE = 'Viewer'"
    client = make(database, text, web__trusted_proxies="127.0.0.1").test_client()
    assert client.get("/", headers={"Remote-User": "ann"}).status_code == 200
    assert client.get("/login/", headers={"Remote-User": "bob"}).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert people.events(database) == [("users.create", "ann"), ("users.create", "bob"), ("login", "bob")]


def test_wrong_passwords_are_counted_and_forgotten(database, clock) -> None:
    attempts, ids = Attempts(by_name=2, by_address=3, window=timedelta(minutes=1)), RandomIds(clock.now)

    def may(name: str, address: str) -> bool:
        with database.read() as connection:
            try:
                attempts.require_allowed(connection, name, address, now=clock.now())
            except TooManyAttemptsError as error:
                return not 0 < error.seconds <= 60
        return True

    for name in ("ann", "ANN", "bob"):
        assert may(name, "there")
        database.write(lambda c, of=name: attempts.note_wrong(c, of, "there", now=clock.now(), ids=ids))
    assert [may("ann", "here"), may("bob", "here"), may("eve", "there"), may("eve", "here")] == [
        False,
        True,
        False,
        True,
    ]
    database.write(lambda c: attempts.forget(c, "Ann"))
    assert may("ann", "there")
    clock.ahead = timedelta(seconds=61)
    database.write(lambda c: attempts.note_wrong(c, "x", "y", now=clock.now(), ids=ids))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM login_failure").scalar_one() == 1


def test_servers_tell_that_they_live(database, clock) -> None:
    presence = Presence(database, "a key of some length", server="one", now=clock.now)
    presence.begin()
    with database.read() as connection:
        assert len(logins.live_servers(connection, since=clock.now() - timedelta(seconds=5))) == 1
        assert logins.live_servers(connection, since=clock.now() + timedelta(seconds=5)) == []
    presence.end()
    with database.read() as connection:
        assert logins.live_servers(connection, since=clock.now() - timedelta(seconds=5)) == []


@pytest.mark.postgres
def test_many_at_once_need_one_connection_each(make, postgres_database_url: str, people) -> None:
    """A request that holds one connection and waits for another stands still when all do."""
    database = Database(postgres_database_url, pool_size=1, is_direct=True)
    people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    assert people.log_in(client, "ann").headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.get("/logout/").status_code == 302
    text = "AUTH_TYPE = 3\nAUTH_USER_REGISTRATION = True\nAUTH_USER_REGISTRATION_ROLE = 'Viewer'"
    client = make(database, text, web__trusted_proxies="127.0.0.1").test_client()
    assert client.get("/login/", headers={"Remote-User": "bob"}).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.get("/logout/").status_code == 302
    database.dispose()
