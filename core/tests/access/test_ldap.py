"""Logging in by a real LDAP server: in the page and by Basic, with roles by groups."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from services import slapd

PASSWORDS = {"ann": "of the directory", "bob": "of bob in there", "eve": "of eve in there"}
GROUPS = {"flows": ["ann"], "others": ["bob", "eve"]}
ADMINS = "of its administrator"


@pytest.fixture(scope="module")
def ldap_url() -> Iterator[str]:
    """A server with a few people, started once for all tests here."""
    if not slapd.is_installed():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(slapd.MISSING)
    with slapd.slapd_server(ADMINS, PASSWORDS, GROUPS) as url:
        yield url


def settings(url: str, more: str = "") -> str:
    return f"""
from flask_appbuilder.security.manager import AUTH_LDAP

AUTH_TYPE = AUTH_LDAP
AUTH_LDAP_SERVER = {url!r}
AUTH_LDAP_SEARCH = "ou=people,{slapd.SUFFIX}"
AUTH_LDAP_BIND_USER = {slapd.ADMIN!r}
AUTH_LDAP_BIND_PASSWORD = {ADMINS!r}
AUTH_USER_REGISTRATION = True
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {{"cn=flows,ou=groups,{slapd.SUFFIX}": ["Viewer"]}}
{more}
"""


def roles(database, name: str) -> list[str]:
    query = sa.text(
        "SELECT r.name FROM ab_user u JOIN ab_user_role ur ON ur.user_id = u.id JOIN ab_role r ON r.id = ur.role_id "
        "WHERE u.username = :name"
    )
    with database.read() as connection:
        return list(connection.execute(query, {"name": name}).scalars())


def test_the_directory_decides_by_the_page_and_by_basic(make, database, people, ldap_url, caplog) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, settings(ldap_url)).test_client()
    assert people.log_in(client, "ann", "wrong").headers["Location"] == "/login/?next=/"
    assert client.get("/").status_code == 401
    assert people.log_in(client, "ann", PASSWORDS["ann"]).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    assert roles(database, "ann") == ["Viewer"]
    other = make(database, settings(ldap_url)).test_client()
    assert other.get("/", auth=("ann", PASSWORDS["ann"])).status_code == 200
    for name, password in (("ann", "wrong"), ("ann", ""), ("ann", "\0"), ("nobody", "x"), ("*", PASSWORDS["ann"])):
        assert other.get("/", auth=(name, password)).status_code == 401
    assert other.get("/", auth=("admin", people.password)).status_code == 401, "what is stored here does not count"
    names = [event for event, _ in people.events(database)]
    assert names == ["login_failed", "users.create", "login", *["login_failed"] * 6]
    for secret in (*PASSWORDS.values(), ADMINS):
        assert secret not in caplog.text


def test_a_group_that_gives_no_role_lets_nobody_in(make, database, people, ldap_url) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, settings(ldap_url)).test_client()
    assert client.get("/", auth=("bob", PASSWORDS["bob"])).status_code == 401
    people.log_in(client, "bob", PASSWORDS["bob"])
    assert client.get("/").status_code == 401
    assert roles(database, "bob") == []
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ab_user WHERE username = 'bob'").scalar_one() == 0


def test_who_lost_the_group_loses_the_role_and_is_not_let_in(make, database, people, ldap_url) -> None:
    people.add(database, "bob", "Viewer", password_hash=None)
    client = make(database, settings(ldap_url)).test_client()
    assert client.get("/", auth=("bob", PASSWORDS["bob"])).status_code == 401
    assert roles(database, "bob") == []


def test_a_role_for_everybody_is_given_where_it_is_said(make, database, people, ldap_url) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, settings(ldap_url, 'AUTH_USER_REGISTRATION_ROLE = "Viewer"')).test_client()
    assert client.get("/", auth=("eve", PASSWORDS["eve"])).status_code == 200
    assert roles(database, "eve") == ["Viewer"]


def test_people_bind_by_themselves_where_no_other_user_does(make, database, people, ldap_url) -> None:
    people.add(database, "ann", "Viewer", password_hash=None)
    text = f"""
AUTH_TYPE = 2
AUTH_LDAP_SERVER = {ldap_url!r}
AUTH_LDAP_USERNAME_FORMAT = "uid=%s,ou=people,{slapd.SUFFIX}"
"""
    client = make(database, text).test_client()
    assert client.get("/", auth=("ann", PASSWORDS["ann"])).status_code == 200
    assert client.get("/", auth=("ann", "wrong")).status_code == 401
    assert client.get("/", auth=("bob", PASSWORDS["bob"])).status_code == 401, (
        "not known here, and nobody is registered"
    )


def test_a_right_password_is_asked_for_once_a_minute(make, database, people, ldap_url, caplog) -> None:
    people.add(database, "ann", "Viewer", password_hash=None)
    client = make(database, settings(ldap_url)).test_client()
    with caplog.at_level("DEBUG", "flask_appbuilder.security.manager"):
        for _ in range(5):
            assert client.get("/", auth=("ann", PASSWORDS["ann"])).status_code == 200
    assert caplog.text.count("LDAP bind SUCCESS") == 1
    assert PASSWORDS["ann"] not in caplog.text


def test_a_directory_that_does_not_answer_lets_nobody_in(make, database, people, ldap_url) -> None:
    people.add(database, "ann", "Viewer")
    for text in (settings("ldap://127.0.0.1:1"), 'AUTH_TYPE = 2\nAUTH_LDAP_SERVER = "ldap://127.0.0.1:1"'):
        client = make(database, text).test_client()
        answer = client.get("/", auth=("ann", people.password))
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)
        people.log_in(client, "ann")
        assert "does not answer" in client.get("/login/").text
    assert people.events(database) == [], "nobody's password was wrong"
