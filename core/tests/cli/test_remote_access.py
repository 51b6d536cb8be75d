"""Users, roles and tokens by a server."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
from tradewind.api.routes import ROUTES
from tradewind.config import load
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import metadata
from tradewind.web.app import create_app
from werkzeug.serving import make_server

Run = Callable[..., tuple[int, str, str]]
SECRET = "planted secret"
PASSWORD = "planted password of ann"
ANN = ("-u", "ann", "-f", "Ann", "-l", "Smith", "-e", "ann@example.org", "-r", "Viewer")


def listed(call: Run, *words: str) -> list[dict[str, Any]]:
    code, out, _ = call(*words, "-o", "json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_users_are_made_changed_and_deleted(both: Run, there: Run, home: Path) -> None:
    assert both("users", "list")[2].startswith("No users yet")
    assert there("users", "create", *ANN, "-p", PASSWORD)[:2] == (0, "User ann is created with the role Viewer.\n")
    (row,) = listed(both, "users", "list")
    assert (row["username"], row["firstname"], row["roles"]) == ("ann", "Ann", ["Viewer"])
    for words, error_id in (
        (("create", *ANN, "-p", PASSWORD), "already-exists"),
        (("create", "-u", "bob", *ANN[2:6], "-e", "b@example.org", "-r", "None", "-p", PASSWORD), "no-such-role"),
        (("create", "-u", "bob", *ANN[2:6], "-e", "b@example.org", "-r", "Op", "-p", "bob"), "password-refused"),
        (("delete", "-e", "bob@example.org"), "no-such-user"),
        (("reset-password", "-u", "bob", "-p", PASSWORD), "no-such-user"),
        (("add-role", "-u", "ann", "-r", "Viewer"), "account-refused"),
        (("remove-role", "-u", "ann", "-r", "Op"), "account-refused"),
        (("add-role", "-u", "ann", "-r", "None"), "no-such-role"),
    ):
        refused = both("users", *words)
        assert (refused[0], refused[2].endswith(f"[{error_id}]\n")) == (1, True), refused
    assert there("users", "add-role", "-e", "ann@example.org", "-r", "Op")[1] == "User ann has the roles Op, Viewer.\n"
    assert there("users", "remove-role", "-u", "ann", "-r", "Viewer")[1] == "User ann has the roles Op.\n"
    reset = there("users", "reset-password", "-u", "ann", "--use-random-password")[1]
    assert reset.startswith("User ann has another password.\nPassword of ann: ")
    file = home / "users.json"
    assert both("users", "export", str(file))[0] == 0
    given = json.loads(file.read_text())
    file.write_text(json.dumps([*given, given[0] | {"username": "bob", "email": "b@example.org", "roles": ["None"]}]))
    assert both("users", "import", str(file))[2].endswith("[no-such-role]\n")
    assert len(listed(both, "users", "list")) == 1, "all or none"
    file.write_text(file.read_text().replace("None", "User"))
    assert there("users", "import", str(file))[1] == (
        "1 users are created, 1 changed.\n"
        "New ones have no password that anybody knows: tradewind users reset-password -u bob\n"
    )
    assert there("users", "import", str(file))[1] == "0 users are created, 2 changed.\n"
    assert [each["roles"] for each in listed(both, "users", "list")] == [["Op"], ["User"]]
    assert there("users", "delete", "-e", "b@example.org")[1] == "User bob is deleted.\n"


def test_roles_are_made_changed_and_deleted(both: Run, there: Run, home: Path) -> None:
    assert there("roles", "create", "analysts", "guests")[1] == "Created: analysts, guests.\n"
    assert both("roles", "create", "newer", "guests")[2].endswith("[already-exists]\n")
    names = [each["name"] for each in listed(both, "roles", "list")]
    assert {"analysts", "guests", "Admin"} <= set(names)
    assert "newer" not in names, "all or none"
    both_on = ("-r", "DAGs", "DAG:reports", "-a", "can_read", "can_edit")
    given = there("roles", "add-perms", "analysts", "guests", *both_on)[1]
    assert given == "analysts, guests: can_read, can_edit on DAGs, DAG:reports given.\n"
    assert there("roles", "del-perms", "guests", "-r", "DAGs")[0] == 0
    assert there("roles", "del-perms", "analysts", "-r", "DAGs", "-a", "can_edit")[0] == 0
    shown = [each for each in listed(both, "roles", "list", "-p") if each["name"] == "analysts"]
    wanted = [("DAG:reports", ["can_edit", "can_read"]), ("DAGs", ["can_read"])]
    assert [(each["resource"], each["action"]) for each in shown] == wanted
    for words, error_id in (
        (("add-perms", "analysts", "none", "-r", "Pools", "-a", "can_read"), "no-such-role"),
        (("delete", "guests", "Viewer"), "account-refused"),
        (("delete", "guests", "none"), "no-such-role"),
        (("add-perms", "analysts", "-r", "Pools"), "wrong-usage"),
    ):
        assert both("roles", *words)[2].endswith(f"[{error_id}]\n")
    file = home / "roles.json"
    assert both("roles", "export", str(file))[0] == 0
    assert there("roles", "delete", "analysts")[1] == "Deleted: analysts.\n"
    assert there("roles", "import", str(file))[1] == "1 roles are created, 1 changed.\n"
    assert [each for each in listed(both, "roles", "list", "-p") if each["name"] == "analysts"] == shown
    file.write_text('["one", {"name": "two", "resource": "DAGs", "action": "can_fly"}]')
    assert there("roles", "import", str(file))[0] == 1
    assert "one" not in {each["name"] for each in listed(both, "roles", "list")}, "all or none"


def test_built_in_roles_are_synced(both: Run, there: Run) -> None:
    assert there("roles", "add-perms", "Viewer", "-r", "Variables", "-a", "can_read")[0] == 0
    assert both("sync-perm", "--include-dags")[1].endswith("\nPermissions on 0 DAGs are as their files say.\n")
    there("roles", "add-perms", "Viewer", "-r", "Variables", "-a", "can_read")
    assert there("sync-perm")[1] == "The built-in roles give what they give in this release.\n"
    resources = [each["resource"] for each in listed(both, "roles", "list", "-p") if each["name"] == "Viewer"]
    assert "Variables" not in resources


@pytest.fixture
def served(home: Path, sqlite_url: str) -> Iterator[tuple[str, Database]]:
    """Address and database of the whole web server, which asks who one is, and logs each request."""
    database = Database(sqlite_url)
    server = make_server("127.0.0.1", 0, create_app(load(home, {}).config, database), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}", database
    server.shutdown()
    thread.join()
    server.server_close()
    database.dispose()


def test_tokens_are_ones_own_or_those_of_people_whom_one_may_change(
    run: Run, served: tuple[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, _ = served
    monkeypatch.delenv("TRADEWIND_TOKEN", raising=False)
    for name, role in (("ann", "Viewer"), ("root", "Admin")):
        words = ("-u", name, "-f", name, "-l", "S", "-e", f"{name}@example.org", "-r", role, "-p", f"{PASSWORD} {name}")
        assert run("users", "create", *words)[0] == 0

    def by(name: str) -> Run:
        password = f"{PASSWORD} {name}".replace(" ", "%20")
        return lambda *words: run("--server", f"http://{name}:{password}@{place}", *words)

    ann, root = by("ann"), by("root")
    (own,) = listed(ann, "tokens", "create", "-n", "export", "--scope", "tokens.*", "--days", "2")
    (given,) = listed(root, "tokens", "create", "-u", "ann", "-n", "deploys")
    assert "[no-permission]" in ann("tokens", "create", "-u", "root", "-n", "mighty")[2]
    assert "[no-permission]" in ann("tokens", "list", "-u", "root")[2]
    assert "[no-such-user]" in root("tokens", "create", "-u", "none", "-n", "x")[2]
    assert "[account-refused]" in root("tokens", "create", "-n", "x", "--days", "4000")[2]
    assert run("tokens", "create", "-n", "x")[0] == 2
    (roots,) = listed(root, "tokens", "create", "-n", "mine")
    assert [each["id"] for each in listed(ann, "tokens", "list")] == [own["id"], given["id"]]
    assert listed(root, "tokens", "list") == listed(run, "tokens", "list")
    assert listed(root, "tokens", "list", "-u", "ann") == listed(ann, "tokens", "list")
    assert "[no-such-token]" in ann("tokens", "revoke", roots["token"])[2]
    assert root("tokens", "revoke", given["token"])[:2] == (0, f"API token {given['id']} is revoked.\n")
    monkeypatch.setenv("TRADEWIND_TOKEN", own["token"])
    url = f"http://{place}"
    assert "[not-enabled]" in run("--server", url, "tokens", "create", "-n", "for ever")[2]
    assert [each["id"] for each in listed(run, "--server", url, "tokens", "list")] == [own["id"], given["id"]]
    assert run("--server", url, "tokens", "revoke", own["id"])[0] == 0
    assert "[server-login]" in run("--server", url, "tokens", "list")[2]


def test_no_secret_that_a_server_gets_is_in_a_url_a_log_or_a_row(
    run: Run,
    home: Path,
    served: tuple[str, Database],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, database = served
    caplog.set_level(logging.DEBUG)
    root = ("-u", "root", "-f", "R", "-l", "T", "-e", "root@example.org", "-r", "Admin", "-p", PASSWORD)
    assert run("users", "create", *root)[0] == 0
    token = listed(run, "tokens", "create", "-u", "root", "-n", "x")[0]["token"]
    monkeypatch.setenv("TRADEWIND_TOKEN", token)
    uri = f"http://me:{SECRET.replace(' ', '%20')}@host/?api_key={SECRET.replace(' ', '+')}"
    (home / "variables.json").write_text(json.dumps({"api_token": SECRET, "plain": {"password": SECRET}}))
    (home / "connections.json").write_text(json.dumps({"db": uri, "web": {"conn_type": "http", "extra": SECRET}}))
    told = []
    for words in (
        ("users", "create", *ANN, "-p", PASSWORD),
        ("users", "create", *ANN, "-p", PASSWORD),
        ("users", "reset-password", "-u", "ann", "-p", f"{PASSWORD} again"),
        ("connections", "add", "one", "--conn-uri", uri),
        ("connections", "add", "one", "--conn-uri", uri),
        ("connections", "import", str(home / "connections.json")),
        ("connections", "import", str(home / "connections.json")),
        ("connections", "export", "-"),
        ("connections", "list", "-o", "json"),
        ("connections", "get", "db"),
        ("connections", "test", "db"),
        ("variables", "import", str(home / "variables.json")),
        ("variables", "import", str(home / "variables.json"), "-a", "fail"),
        ("variables", "set", "api_token", SECRET),
        ("variables", "export", "-"),
        ("users", "list"),
        ("tokens", "list"),
        ("tokens", "revoke", token),
    ):
        told += [*map(str, run("--server", f"http://{place}", *words))]
    with database.read() as connection:
        told += [repr(connection.exec_driver_sql(f"SELECT * FROM {name}").all()) for name in metadata.tables]
        told.append(repr(connection.exec_driver_sql("SELECT event, owner FROM audit_event").all()))
    assert '"POST /api/v1/connections/bulk HTTP/1.1" 200' in caplog.text
    assert all(f"'{noun}.create', 'root'" in told[-1] for noun in ("users", "connections", "variables"))
    text = "\n".join([*told, caplog.text])
    for secret in (PASSWORD, SECRET, "planted", token, token[17:]):
        assert secret not in text, secret


def test_bodies_have_no_field_that_a_command_would_not_write() -> None:
    """Remote commands write requests by the schemas that the server reads them by: one way only is lost on the other."""

    def fields(schema: ma.Schema) -> Iterator[ma.fields.Field[Any]]:
        for each in schema.fields.values():
            yield each
            inner = each.inner if isinstance(each, ma.fields.List) else each
            if isinstance(inner, ma.fields.Nested):
                yield from fields(inner.schema)

    bodies = [route.body for route in ROUTES if route.body is not None]
    assert [each.name for body in bodies for each in fields(body()) if each.load_only] == []
