"""Logging in as the user whom a proxy names, if it is one that is trusted."""

from __future__ import annotations

import pytest

SETTINGS = """
from flask_appbuilder.security.manager import AUTH_REMOTE_USER

AUTH_TYPE = AUTH_REMOTE_USER
AUTH_REMOTE_USER_ENV_VAR = "HTTP_X_REMOTE_USER"
"""
TRUST = {"web__trusted_proxies": "127.0.0.1, 10.0.0.0/8"}
ANN = {"X-Remote-User": "ann"}


def test_a_trusted_proxy_is_believed_and_nobody_else(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, SETTINGS, **TRUST).test_client()
    assert client.get("/", headers=ANN).status_code == 200
    assert client.get("/", headers=ANN, environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
    for address in ("192.0.2.1", "::1", "", "nonsense"):
        assert client.get("/", headers=ANN, environ_base={"REMOTE_ADDR": address}).status_code == 401, address
    assert client.get("/").status_code == 401
    assert client.get("/", headers={"X-Remote-User": "eve"}).status_code == 401
    assert client.get("/", headers={"Remote-User": "ann"}).status_code == 401, "another header"


def test_without_trusted_proxies_nobody_is_believed(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    assert make(database, SETTINGS).test_client().get("/", headers=ANN).status_code == 401


def test_where_another_way_is_chosen_the_header_says_nothing(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, "", **TRUST).test_client()
    for name in ("X-Remote-User", "Remote-User"):
        assert client.get("/", headers={name: "ann"}, environ_base={"REMOTE_USER": "ann"}).status_code == 401


def test_the_variables_usual_name_is_a_header_of_that_name(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, "AUTH_TYPE = 3", **TRUST).test_client()
    assert client.get("/", headers={"Remote-User": "ann"}).status_code == 200


def test_the_page_begins_a_session(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, SETTINGS, **TRUST).test_client()
    assert client.get("/login/").status_code == 403
    assert client.get("/login/?next=/dags/d/runs/r", headers=ANN).headers["Location"] == "/dags/d/runs/r"
    assert client.get("/").status_code == 200, "by the cookie"
    assert people.events(database) == [("login", "ann")]


@pytest.mark.parametrize(("said", "status"), [("", 401), ('AUTH_USER_REGISTRATION_ROLE = "Viewer"', 200)])
def test_who_is_not_known_is_registered_where_a_role_is_said(make, database, people, said: str, status: int) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, f"{SETTINGS}\nAUTH_USER_REGISTRATION = True\n{said}", **TRUST).test_client()
    for _ in range(2):
        assert client.get("/", headers=ANN).status_code == status


def test_a_page_of_another_site_changes_nothing(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, SETTINGS, **TRUST).test_client()
    assert client.post("/", headers=ANN).status_code == 405, "no browser"
    assert client.post("/", headers=ANN | {"Origin": "http://localhost"}).status_code == 405
    assert client.post("/", headers=ANN | {"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/", headers=ANN | {"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_passwords_are_not_taken_here(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    assert make(database, SETTINGS).test_client().get("/", auth=("ann", people.password)).status_code == 401


def test_a_proxy_that_is_no_address_is_a_sentence(make, database) -> None:
    with pytest.raises(ValueError, match=r"web\.trusted_proxies.*10\.0\.0\.0/8"):
        make(database, web__trusted_proxies="proxy.example.org")
