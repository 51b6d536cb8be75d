"""`webserver_config.py` as people have it, and the one sentence for each mistake in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest
import tradewind_airflow_names
from tradewind.access.accounts import Accounts
from tradewind.access.actors import local_actor
from tradewind.access.fab.manager import AUTHENTICATOR, SecurityManager
from tradewind.access.passwords import WeakPasswordError
from tradewind.config.errors import ConfigError
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds

FAILING = """
from tradewind.access.fab.manager import SecurityManager

class Own(SecurityManager):
    def __init__(self, appbuilder):
        raise KeyError("own")

SECURITY_MANAGER_CLASS = Own
"""


@pytest.fixture
def airflows_names() -> Iterator[None]:
    """What `tradewind-airflow-names` does where it is installed."""
    tradewind_airflow_names.install()
    yield
    tradewind_airflow_names.uninstall()


@pytest.mark.usefixtures("airflows_names")
@pytest.mark.parametrize(
    "where",
    [
        "airflow.www.security:AirflowSecurityManager",
        "airflow.providers.fab.auth_manager.security_manager.override:FabAirflowSecurityManagerOverride",
        "airflow.auth.managers.fab.security_manager.override:FabAirflowSecurityManagerOverride",
    ],
)
def test_a_file_of_airflows_is_taken_as_it_is(make, database, people, where: str) -> None:
    module, _, name = where.partition(":")
    text = f"""
from __future__ import annotations
import os
from airflow.configuration import conf
from airflow.www.fab_security.manager import AUTH_DB
from {module} import {name}

basedir = os.path.abspath(os.path.dirname(__file__))
SQLALCHEMY_DATABASE_URI = conf.get("core", "SQL_ALCHEMY_CONN")
WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None
SECRET_KEY = "another one, which does not count"
AUTH_TYPE = AUTH_DB
APP_THEME = "simplex.css"

class Own({name}):
    def auth_user_db(self, username, password):
        return super().auth_user_db(username.removeprefix("corp-"), password)

SECURITY_MANAGER_CLASS = Own
"""
    people.add(database, "ann", "Viewer")
    app = make(database, text)
    assert "SQLALCHEMY_DATABASE_URI" not in app.config
    assert app.config["SECRET_KEY"] != "another one, which does not count"
    client = app.test_client()
    assert people.log_in(client, "corp-ann").headers["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("AUTH_TYPE =", r"webserver_config\.py:1: SyntaxError"),
        (
            "\n\nimport nothing_like_it",
            r"webserver_config\.py:3: ModuleNotFoundError: No module named 'nothing_like_it'",
        ),
        ("def f():\n    return 1 / 0\nf()", r"webserver_config\.py:2: ZeroDivisionError"),
        (
            "AUTH_TYPE = 0",
            "AUTH_TYPE 0 is not supported: write one of AUTH_DB, AUTH_LDAP, AUTH_OAUTH, AUTH_REMOTE_USER",
        ),
        ("AUTH_TYPE = 'ldap'", "AUTH_TYPE 'ldap' is not supported"),
        ("AUTH_TYPE = 2", "AUTH_LDAP needs AUTH_LDAP_SERVER"),
        ("AUTH_TYPE = 4", "AUTH_OAUTH needs OAUTH_PROVIDERS"),
        ("AUTH_TYPE = 4\nOAUTH_PROVIDERS = [{'name': 'x'}]", "no name or no remote_app"),
        ("AUTH_ROLES_MAPPING = {'a': 'Viewer'}", "AUTH_ROLES_MAPPING is no dict of groups and lists of roles"),
        ("class A: pass\nSECURITY_MANAGER_CLASS = A", "A does not build on Tradewind's"),
        ("FAB_SECURITY_MANAGER_CLASS = 'no.such.Class'", "'no.such.Class' cannot be imported"),
        (FAILING, "AUTH_DB cannot be set up: KeyError: 'own'"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_place(make, database, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        make(database, text)
    assert "webserver_config.py" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("kind", "package"), [(2, "ldap"), (4, "authlib")])
def test_a_package_that_is_missing_is_named(make, database, monkeypatch, kind: int, package: str) -> None:
    found, extra = importlib.util.find_spec, {"ldap": "ldap", "authlib": "oauth"}[package]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *of: None if name == package else found(name, *of))
    with pytest.raises(ConfigError, match=rf"the package '{package}'.*tradewind\[{extra}\]"):
        make(database, f"AUTH_TYPE = {kind}")


def test_without_the_file_people_log_in_by_what_is_stored_here(make, database, people, tmp_path) -> None:
    app = make(database)
    (tmp_path / "home" / "webserver_config.py").unlink()
    people.add(database, "ann", "Viewer")
    assert app.test_client().get("/", auth=("ann", people.password)).status_code == 200
    assert isinstance(app.extensions["appbuilder"].sm, SecurityManager)


OWN_RULE = """
def rule(password):
    assert "7" in password, "it has no 7"

FAB_PASSWORD_COMPLEXITY_VALIDATOR = rule
"""


@pytest.mark.parametrize(
    ("text", "taken", "why"),
    [
        ("FAB_PASSWORD_COMPLEXITY_ENABLED = True", "AB cd ef 12 !", "two capital letters"),
        (OWN_RULE, "four words 7 do better", "it has no 7"),
    ],
)
def test_the_files_own_rule_for_passwords_counts(make, database, text: str, taken: str, why: str) -> None:
    rule = make(database, text).extensions[AUTHENTICATOR].ways.password_rule
    clock = SystemClock()
    accounts = Accounts(local_actor(), clock.now, RandomIds(clock.now), shortest=8, validate=rule)
    parts = {"first_name": "A", "last_name": "N", "email": "ann@example.org", "role_names": ["Viewer"]}
    with pytest.raises(WeakPasswordError, match=why):
        database.write(lambda c: accounts.create_user(c, username="ann", **parts, password="four words do better"))
    assert database.write(lambda c: accounts.create_user(c, username="ann", **parts, password=taken)).id
