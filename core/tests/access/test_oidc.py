"""Logging in by a real OpenID provider: the whole way of a browser, by the authorization code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask.testing import FlaskClient
from services import oidc_provider

# Flask-AppBuilder signs the state with 30 random characters, and PyJWT would like 32 to be used
pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
SECRET = "of the client and nobody else"
CLIENT = {
    "client_id": "tradewind",
    "client_secret": SECRET,
    "redirect_uris": ["http://localhost/oauth-authorized/corp"],
}
PEOPLE = {
    name: {
        "password": f"{name} at the provider",
        "claims": {
            "preferred_username": name,
            "given_name": name.title(),
            "family_name": "Smith",
            "email": f"{name}@example.org",
            "groups": [group],
        },
    }
    for name, group in (("ann", "flows"), ("bob", "others"))
}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """What the provider says about itself; it is started once for all tests here."""
    if not oidc_provider.is_installed():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(oidc_provider.MISSING)
    with oidc_provider.oidc_provider(PEOPLE, CLIENT) as url:
        yield url


def settings(url: str, more: str = "") -> str:
    return f"""
from flask_appbuilder.security.manager import AUTH_OAUTH

AUTH_TYPE = AUTH_OAUTH
AUTH_USER_REGISTRATION = True
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {{"flows": ["Viewer"]}}
OAUTH_PROVIDERS = [
    {{
        "name": "corp",
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {{
            "client_id": "tradewind",
            "client_secret": {SECRET!r},
            "server_metadata_url": {url!r},
            "client_kwargs": {{"scope": "openid profile email", "code_challenge_method": "S256"}},
        }},
    }},
]
{more}
"""


def come_back(client: FlaskClient, name: str, password: str | None = None, *, to: str = "/") -> requests.Response | str:
    """Log in at the provider as a browser does; return where it sends the browser back to, or its refusal."""
    begin = client.get(f"/login/corp?next={to}").headers["Location"]
    with requests.Session() as browser:
        page = browser.get(begin, timeout=10)
        form = {"login": name, "password": password or PEOPLE[name]["password"]}
        answer = browser.post(page.url, data=form, allow_redirects=False, timeout=10)
        while answer.is_redirect:
            where = urljoin(answer.url, answer.headers["Location"])
            if urlsplit(where).hostname == "localhost":
                return where.removeprefix("http://localhost")
            answer = browser.get(where, allow_redirects=False, timeout=10)
        return answer


def test_who_is_in_the_group_gets_in_with_its_role(make, database, people, provider, caplog) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, settings(provider)).test_client()
    assert "Log in with corp" in client.get("/login/").text
    back = come_back(client, "ann", to="/dags/d/runs/r")
    assert isinstance(back, str)
    answer = client.get(back)
    assert answer.headers["Location"] == "/dags/d/runs/r"
    assert client.get("/").status_code == 200
    assert people.events(database) == [("users.create", "ann"), ("login", "ann")]
    with client.session_transaction() as cookie:
        assert set(cookie) <= {"_user_id", "_fresh", "_id", "oauth_provider", "tradewind", "_flashes"}, (
            "no token of the provider"
        )
    assert SECRET not in caplog.text + answer.text
    assert client.get("/logout/").status_code == 302
    assert client.get("/").status_code == 401


def test_a_wrong_password_does_not_come_back(make, database, people, provider) -> None:
    client = make(database, settings(provider)).test_client()
    refused = come_back(client, "ann", "wrong")
    assert isinstance(refused, requests.Response)
    assert refused.status_code == 401
    assert client.get("/").status_code == 401


def test_a_group_that_gives_no_role_lets_nobody_in(make, database, people, provider) -> None:
    people.add(database, "admin", "Admin")
    client = make(database, settings(provider)).test_client()
    assert client.get(come_back(client, "bob")).headers["Location"] == "/login/"
    assert client.get("/").status_code == 401
    with database.read() as connection:
        found = connection.execute(sa.text("SELECT username FROM ab_user")).scalars().all()
    assert found == ["admin"]
    assert people.events(database) == [("login_failed", "(unknown)")]


def test_a_user_who_is_not_active_is_refused(make, database, people, provider) -> None:
    key = people.add(database, "ann", "Viewer")
    database.write(lambda c: c.exec_driver_sql(f"UPDATE ab_user SET active = 0 WHERE id = {key}"))
    client = make(database, settings(provider)).test_client()
    client.get(come_back(client, "ann"))
    assert client.get("/").status_code == 401


def test_a_code_that_somebody_else_asked_for_is_refused(make, database, people, provider) -> None:
    people.add(database, "admin", "Admin")
    app = make(database, settings(provider))
    back = come_back(app.test_client(), "ann")
    victim = app.test_client()
    assert victim.get(back).headers["Location"] == "/login/"
    assert victim.get("/").status_code == 401
    assert victim.get("/oauth-authorized/corp?code=x&state=y").headers["Location"] == "/login/"
    assert victim.get("/oauth-authorized/unknown?code=x&state=y").headers["Location"] == "/login/"


def test_passwords_are_not_taken_here(make, database, people, provider) -> None:
    people.add(database, "ann", "Viewer")
    answer = make(database, settings(provider)).test_client().get("/", auth=("ann", people.password))
    assert (answer.status_code, "use an API token" in answer.text) == (401, True)


def test_a_security_manager_of_ones_own_says_who_somebody_is(make, database, people, provider) -> None:
    people.add(database, "admin", "Admin")
    own = """
from tradewind.access.fab.manager import SecurityManager

class Own(SecurityManager):
    def oauth_user_info(self, provider, response=None):
        claims = self.oauth_remotes[provider].get("/me", token=response).json()
        return {"username": "corp_" + claims["sub"], "email": claims["email"], "role_keys": ["flows"]}

SECURITY_MANAGER_CLASS = Own
OAUTH_PROVIDERS[0]["remote_app"]["api_base_url"] = OAUTH_PROVIDERS[0]["remote_app"]["server_metadata_url"].partition("/.well")[0]
"""
    client = make(database, settings(provider, own)).test_client()
    client.get(come_back(client, "bob"))
    assert client.get("/").status_code == 200
    assert people.events(database)[-1] == ("login", "corp_bob")
