"""Each way to say who one is without another system, and what is refused."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tradewind.access.authentication import CSRF_HEADER
from tradewind.access.fab.manager import AUTHENTICATOR
from tradewind.metadata.statements import tokens, users

WRONG = "The name or the password is wrong.\n"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(client, name: str, password: str, **more):
    return client.get("/", auth=(name, password), **more)


def test_a_name_and_a_password_are_taken_and_a_wrong_one_is_not(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    assert basic(client, "ann", people.password).status_code == 200
    assert basic(client, "ANN@example.org", people.password).status_code == 200, "by the address of mail, too"
    for name, password in (("ann", "wrong"), ("ann", ""), ("eve", people.password), ("", "")):
        answer = basic(client, name, password)
        assert (answer.status_code, answer.text) == (401, WRONG)
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_user_without_a_password_or_not_active_is_refused(make, database, people, clock) -> None:
    key = people.add(database, "ann", "Viewer")
    people.add(database, "eve", "Viewer", password_hash=None)
    client = make(database).test_client()
    assert basic(client, "eve", "").status_code == 401
    assert basic(client, "ann", people.password).status_code == 200
    database.write(lambda c: users.change_user(c, key, now=clock.now(), active=False))
    assert basic(client, "ann", people.password).text == WRONG, "though it was right a moment ago"


def test_a_right_password_is_remembered_until_it_is_changed(make, database, people, clock, statements) -> None:
    key = people.add(database, "ann", "Viewer")
    app = make(database)
    client, authenticator = app.test_client(), app.extensions[AUTHENTICATOR]
    assert basic(client, "ann", people.password).status_code == 200
    with statements.recorded(database):
        authenticator.check_password("ann", people.password, "", is_remembered=True)
    statements.assert_at_most(1)
    database.write(lambda c: users.set_password(c, key, "scrypt:1:1:1$no$no", now=clock.now()))
    assert basic(client, "ann", people.password).status_code == 401


def test_after_some_wrong_passwords_one_waits_and_then_goes_on(make, database, people, clock) -> None:
    people.add(database, "ann", "Viewer")
    people.add(database, "bob", "Viewer")
    client = make(database).test_client()
    for _ in range(5):
        assert basic(client, "ann", "wrong").status_code == 401
    refused = basic(client, "ANN", people.password)
    assert refused.status_code == 429
    assert refused.text == "Too many wrong passwords: try again in 15 minutes.\n"
    assert 880 < int(refused.headers["Retry-After"]) <= 900
    assert basic(client, "bob", people.password).status_code == 200, "others get in"
    clock.ahead = timedelta(minutes=15, seconds=1)
    assert basic(client, "ann", "wrong").status_code == 401
    assert basic(client, "ann", people.password).status_code == 200
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM login_failure").scalar_one() == 0


def test_one_address_may_not_try_many_names(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, security__login_attempts_address="3").test_client()
    for number in range(3):
        assert basic(client, f"name{number}", "wrong").status_code == 401
    assert basic(client, "ann", people.password).status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert basic(client, "ann", people.password, environ_base=elsewhere).status_code == 200
    forged = {"X-Forwarded-For": "192.0.2.8"}
    assert basic(client, "ann", people.password, headers=forged).status_code == 200, "remembered by now"


def test_who_says_another_address_is_believed_if_a_trusted_proxy_says_it(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    limits = {"security__login_attempts_address": "1", "web__trusted_proxies": "127.0.0.0/8"}
    client = make(database, **limits).test_client()
    for number in range(3):
        forwarded = {"X-Forwarded-For": f"203.0.113.9, 192.0.2.{number}"}
        assert basic(client, "ann", "wrong", headers=forwarded).status_code == 401
        assert basic(client, "bob", "wrong", headers=forwarded).status_code == 429


def test_an_api_token_is_taken_with_one_statement(make, database, people, clock, statements) -> None:
    key = people.add(database, "ann", "Viewer")
    token = people.token(database, key, clock.now())
    app = make(database)
    assert app.test_client().get("/", headers=bearer(token)).status_code == 200
    with app.test_request_context(headers=bearer(token)) as context, statements.recorded(database):
        actor = app.extensions[AUTHENTICATOR].authenticate(context.request)
    statements.assert_at_most(1)
    assert (actor.name, actor.user_id, actor.via, actor.scopes, actor.dags) == ("ann", key, "token", None, None)
    assert ("can_read", "DAGs") in actor.permissions
    assert ("can_edit", "DAGs") not in actor.permissions


def test_when_a_token_was_used_is_written_once_a_minute(make, database, people, clock) -> None:
    key = people.add(database, "ann", "Viewer")
    token = people.token(database, key, clock.now())
    client = make(database).test_client()

    def used():
        client.get("/", headers=bearer(token))
        with database.read() as connection:
            return tokens.list_tokens(connection)[0].last_used_at

    first = used()
    assert first is not None
    assert used() == first
    clock.ahead = timedelta(minutes=2)
    assert used() > first


def test_what_a_token_is_cut_down_to_is_the_actors(make, database, people, clock) -> None:
    key = people.add(database, "ann", "Admin")
    token = people.token(database, key, clock.now(), scopes=["runs.*"], dags=["d"])
    app = make(database)
    with app.test_request_context(headers=bearer(token)) as context:
        actor = app.extensions[AUTHENTICATOR].authenticate(context.request)
    assert (actor.scopes, actor.dags) == (("runs.*",), frozenset({"d"}))
    refused = app.test_client().get("/dags", headers=bearer(token))
    assert refused.status_code == 403
    assert "scopes are runs.*" in refused.text


def test_why_a_token_is_refused_is_told_to_who_holds_it_only(make, database, people, clock) -> None:
    key = people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    token = people.token(database, key, clock.now())
    other = token[:-3] + ("abc" if token[-3:] != "abc" else "abd")

    def refused(text: str) -> str:
        answer = client.get("/", headers=bearer(text))
        assert answer.status_code == 401
        assert text not in answer.text
        return answer.text

    unknown = refused(other)
    assert unknown == "The API token is not known here.\n"
    assert "twd_" in refused("nonsense")
    clock.ahead = timedelta(days=2)
    assert "expired at" in refused(token)
    assert refused(other) == unknown
    clock.ahead = timedelta()
    database.write(lambda c: tokens.revoke_token(c, token[4:16], now=clock.now()))
    assert refused(token) == "The API token was revoked.\n"
    assert refused(other) == unknown
    newer = people.token(database, key, clock.now())
    database.write(lambda c: users.change_user(c, key, now=clock.now(), active=False))
    assert "not active" in refused(newer)


def test_nothing_of_a_token_is_stored_that_one_could_log_in_with(database, people, clock) -> None:
    token = people.token(database, people.add(database, "ann", "Viewer"), clock.now())
    with database.read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM api_token").one()
    assert token[17:] not in repr(row)
    assert people.password not in repr(row)


@pytest.mark.parametrize(
    "header", ["Digest x", "Bearer", "Basic", "Basic %%%", "Bearer  ", "x", "Bearer \xff", "Basic ////"]
)
def test_nonsense_is_refused(make, database, header: str) -> None:
    assert make(database).test_client().get("/", headers={"Authorization": header}).status_code == 401


def test_the_page_for_logging_in_begins_a_session_and_logging_out_ends_every_copy_of_it(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    app = make(database)
    client, copy = app.test_client(), app.test_client()
    assert client.get("/", headers={"Accept": "text/html"}).headers["Location"] == "/login/?next=%2F"
    assert people.log_in(client, "ann", "wrong").headers["Location"] == "/login/?next=/"
    assert "Invalid login" in client.get("/login/").text
    answer = people.log_in(client, "ann")
    assert answer.headers["Location"] == "/"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    copy.set_cookie("session", client.get_cookie("session").value)
    assert client.get("/").status_code == copy.get("/").status_code == 200
    assert client.get("/logout/").status_code == 302
    assert client.get("/").status_code == copy.get("/").status_code == 401
    assert people.events(database) == [("login_failed", "ann"), ("login", "ann"), ("logout", "ann")]


def test_over_https_cookies_are_for_https_only(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, web__base_url="https://flows.example.org").test_client()
    assert "Secure" in client.get("/login/").headers["Set-Cookie"]


def test_a_session_ends_when_nobody_comes_and_in_any_case(make, database, people, clock) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database, web__session_idle="30", web__session_lifetime="70").test_client()
    people.log_in(client, "ann")
    for minutes, status in ((29, 200), (58, 200), (71, 401)):
        clock.ahead = timedelta(minutes=minutes)
        assert client.get("/").status_code == status, minutes
    people.log_in(client, "ann")
    clock.ahead += timedelta(minutes=31)
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("change", ["password", "active", "deleted"])
def test_whoever_is_changed_is_logged_out(make, database, people, clock, change: str) -> None:
    key = people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    people.log_in(client, "ann")
    assert client.get("/").status_code == 200

    def work(connection: sa.Connection) -> None:
        if change == "password":
            users.set_password(connection, key, "x", now=clock.now())
        elif change == "active":
            users.change_user(connection, key, now=clock.now(), active=False)
        else:
            users.delete_user(connection, key)

    database.write(work)
    assert client.get("/").status_code == 401


def test_a_change_by_a_browsers_session_needs_the_pages_token(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    app = make(database)
    client = app.test_client()
    people.log_in(client, "ann")
    assert client.post("/").status_code == 403
    assert client.post("/", headers={CSRF_HEADER: "0" * 64}).status_code == 403
    with client.session_transaction() as cookie:
        token = app.extensions[AUTHENTICATOR].csrf_token(cookie["tradewind"])
    assert client.post("/", headers={CSRF_HEADER: token}).status_code == 405, "nothing there takes changes"
    assert client.post("/", auth=("ann", people.password)).status_code == 405, "no browser sends that by itself"


def test_below_a_path_one_comes_back_to_where_one_was(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    below = {"SCRIPT_NAME": "/flows"}
    answer = client.get("/dags/d/runs/r?x=1", headers={"Accept": "text/html"}, environ_overrides=below)
    assert answer.headers["Location"] == "/flows/login/?next=%2Fflows%2Fdags%2Fd%2Fruns%2Fr%3Fx%3D1"
    page = client.get("/login/", environ_overrides=below).text
    assert 'href="/flows/static/tradewind.css"' in page
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    form = {"username": "ann", "password": people.password, "csrf_token": token[1]}
    answer = client.post("/login/?next=/flows/dags/d/runs/r", data=form, environ_overrides=below)
    assert answer.headers["Location"] == "/flows/dags/d/runs/r"
    assert client.get("/logout/", environ_overrides=below).headers["Location"] == "/flows/"


def test_somebody_elses_address_is_no_place_to_go_on_to(make, database, people) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    people.log_in(client, "ann")
    assert client.get("/login/?next=https://evil.example/").headers["Location"] == "/"


def test_everybody_may_do_what_the_public_role_gives(make, database, people) -> None:
    people.add(database, "ann", "Admin")
    assert make(database, 'AUTH_ROLE_PUBLIC = "Viewer"').test_client().get("/").status_code == 200
    assert make(database).test_client().get("/").status_code == 401


def test_who_may_see_some_dags_only_does_not_see_the_page_of_all(make, database, people) -> None:
    people.add(database, "ann")
    assert basic(make(database).test_client(), "ann", people.password).status_code == 403


def test_what_is_typed_into_the_wrong_field_is_nowhere(make, database, people, caplog) -> None:
    people.add(database, "ann", "Viewer")
    client = make(database).test_client()
    answer = basic(client, "my secret password", "x")
    people.log_in(client, "my secret password", "another secret")
    with database.read() as connection:
        stored = [
            repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            for table in ("audit_event", "login_failure")
        ]
    for text in (*stored, answer.text, caplog.text):
        assert "secret" not in text
