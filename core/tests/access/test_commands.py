"""Users, roles, tokens and sync-perm at the command line."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tradewind.access.passwords import is_right
from tradewind.cli import main
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import users

ANN = ("-u", "ann", "-f", "Ann", "-l", "Smith", "-e", "ann@example.org", "-r", "Viewer")
EVE = ("--username", "eve", "--email", "eve@example.org", "--role", "Op")
PASSWORD = "four words do better"
Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Where somebody sits who can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `tradewind` with these words in this process; returns exit code, output and errors."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", sqlite_url)

    def call(*words: str, typed: str | None = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Terminal() if typed is None else io.StringIO(typed))
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def stored(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.dispose()


def listed(run: Run, *words: str) -> list[dict[str, object]]:
    code, out, _ = run(*words, "-o", "json")
    assert code == 0
    found: list[dict[str, object]] = json.loads(out)
    return found


def test_a_user_is_made_with_a_password_from_a_pipe_and_listed_in_each_form(run: Run, stored: Database) -> None:
    assert run("users", "create", *ANN, typed=f"{PASSWORD}\n")[0] == 0
    with stored.read() as connection:
        found = users.identify(connection, "ann")
    assert found is not None
    assert is_right(found.password_hash, PASSWORD)
    (row,) = listed(run, "users", "list")
    known = {
        "username": "ann",
        "email": "ann@example.org",
        "firstname": "Ann",
        "lastname": "Smith",
        "roles": ["Viewer"],
    }
    assert row == {"id": found.user_id, **known}
    assert yaml.safe_load(run("users", "list", "-o", "yaml")[1]) == [row]
    assert "ann@example.org" in run("users", "list")[1]
    assert PASSWORD not in "".join(map(str, run("users", "list", "-o", "plain")))


def test_a_random_password_is_printed_once(run: Run, stored: Database) -> None:
    made = run("users", "create", "--firstname", "Eve", "--lastname", "Jones", *EVE, "--use-random-password")
    reset = run("users", "reset-password", "-u", "eve", "--use-random-password")
    passwords = []
    for code, out, _ in (made, reset):
        assert code == 0
        passwords += re.findall(r"Password of eve: (\S+)", out)
    with stored.read() as connection:
        found = users.identify(connection, "eve")
    assert found is not None
    assert [is_right(found.password_hash, each) for each in passwords] == [False, True]


def test_a_password_is_asked_for_twice_and_not_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, "another", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    code, _, err = run("users", "create", *ANN, typed=None)
    assert (code, "not the same" in err) == (1, True)
    assert run("users", "create", *ANN, typed=None)[0] == 0


@pytest.mark.parametrize(
    ("password", "why"),
    [("sh0rt", "too short"), ("ann", "too short"), ("password123", "tried first"), ("aaaaaaaaaaaa", "tried first")],
)
def test_a_bad_password_is_refused_and_not_repeated(run: Run, password: str, why: str) -> None:
    code, out, err = run("users", "create", *ANN, "-p", password)
    assert code == 1
    assert why in err
    assert "[password-refused]" in err
    assert listed(run, "users", "list") == []
    if password != "ann":
        assert password not in out + err


def test_the_rule_of_webserver_config_counts_here_too(run: Run, tmp_path: Path) -> None:
    rule = "def rule(password):\n    assert '7' in password, 'it has no 7'\nFAB_PASSWORD_COMPLEXITY_VALIDATOR = rule\n"
    (tmp_path / "webserver_config.py").write_text(rule)
    refused = run("users", "create", *ANN, "-p", PASSWORD)[2]
    assert refused.endswith("it has no 7 [password-refused]\n")
    assert run("users", "create", *ANN, "-p", f"{PASSWORD} 7")[0] == 0


@pytest.mark.parametrize(
    ("words", "error_id"),
    [
        (("users", "create", *ANN[:-1], "Nobody", "-p", PASSWORD), "no-such-role"),
        (("users", "create", "-u", "x\ny", *ANN[2:], "-p", PASSWORD), "account-refused"),
        (("users", "create", "-u", "x" * 129, *ANN[2:], "-p", PASSWORD), "account-refused"),
        (("users", "delete", "-u", "eve"), "no-such-user"),
        (("users", "reset-password", "-e", "eve@example.org", "-p", PASSWORD), "no-such-user"),
        (("roles", "delete", "eve"), "no-such-role"),
        (("roles", "delete", "Viewer"), "account-refused"),
        (("roles", "create", "Viewer"), "already-exists"),
        (("roles", "add-perms", "Viewer", "-r", "DAGs"), "wrong-usage"),
        (("tokens", "create", "-u", "eve", "-n", "x"), "no-such-user"),
        (("tokens", "revoke", "twd_000000000000"), "no-such-token"),
        (("users", "create", *ANN), "wrong-usage"),
    ],
)
def test_what_cannot_be_is_one_line(run: Run, words: tuple[str, ...], error_id: str) -> None:
    code, _, err = run(*words)
    assert code in {1, 2}
    assert f"[{error_id}]" in err
    assert len(err.splitlines()) == 1


def test_two_users_have_neither_name_nor_address_in_common(run: Run) -> None:
    assert run("users", "create", *ANN, "-p", PASSWORD)[0] == 0
    for words in (ANN, ("-u", "bob", *ANN[2:]), (*ANN[:6], "-e", "bob@example.org", *ANN[8:])):
        assert "[already-exists]" in run("users", "create", *words, "-p", PASSWORD)[2]


def test_roles_are_given_and_taken_and_users_deleted(run: Run) -> None:
    run("users", "create", *ANN, "-p", PASSWORD)
    assert run("users", "add-role", "-u", "ann", "-r", "Op")[0] == 0
    assert "[account-refused]" in run("users", "add-role", "-u", "ann", "-r", "Op")[2]
    assert run("users", "remove-role", "-e", "ann@example.org", "-r", "Viewer")[0] == 0
    assert listed(run, "users", "list")[0]["roles"] == ["Op"]
    assert run("users", "delete", "-u", "ann")[0] == 0
    assert listed(run, "users", "list") == []


def test_users_go_out_to_a_file_and_come_back(run: Run, tmp_path: Path, stored: Database) -> None:
    run("users", "create", *ANN, "-p", PASSWORD)
    path = tmp_path / "users.json"
    assert run("users", "export", str(path))[0] == 0
    assert PASSWORD not in path.read_text()
    given = json.loads(path.read_text())
    given[0]["roles"] = ["Op"]
    given.append({**given[0], "username": "bob", "email": "bob@example.org"})
    path.write_text(json.dumps(given))
    assert run("users", "import", str(path))[1].startswith("1 users are created, 1 changed.")
    assert [each["roles"] for each in listed(run, "users", "list")] == [["Op"], ["Op"]]
    with stored.read() as connection:
        found = users.identify(connection, "ann")
    assert found is not None
    assert is_right(found.password_hash, PASSWORD), "as it was"
    path.write_text('[{"username": "x"}]')
    assert "[file-invalid]" in run("users", "import", str(path))[2]


def test_roles_give_what_they_are_told_to_give(run: Run, tmp_path: Path) -> None:
    assert run("roles", "create", "analysts", "guests")[0] == 0
    assert {"analysts", "Admin", "Public"} <= {str(each["name"]) for each in listed(run, "roles", "list")}
    add = ("-r", "DAGs", "DAG:reports", "-a", "can_read", "can_edit")
    assert run("roles", "add-perms", "analysts", *add)[0] == 0
    assert run("roles", "del-perms", "analysts", "-r", "DAGs", "-a", "can_edit")[0] == 0
    shown = [each for each in listed(run, "roles", "list", "-p") if each["name"] == "analysts"]
    wanted = [("DAG:reports", ["can_edit", "can_read"]), ("DAGs", ["can_read"])]
    assert [(each["resource"], each["action"]) for each in shown] == wanted
    path = tmp_path / "roles.json"
    assert run("roles", "export", str(path))[0] == 0
    assert {"name": "analysts", "resource": "DAGs", "action": "can_read"} in json.loads(path.read_text())
    assert run("roles", "delete", "analysts", "guests")[0] == 0
    assert run("roles", "import", str(path))[1] == "2 roles are created, 0 changed.\n"
    assert [each for each in listed(run, "roles", "list", "-p") if each["name"] == "analysts"] == shown
    path.write_text('["one", {"name": "two", "resource": "DAGs", "action": "can_fly"}]')
    assert "can_fly" in run("roles", "import", str(path))[2]
    assert "one" not in {each["name"] for each in listed(run, "roles", "list")}, "all or none"


def test_syncing_takes_back_what_a_built_in_role_got(run: Run) -> None:
    assert run("roles", "add-perms", "Viewer", "-r", "Variables", "-a", "can_read")[0] == 0
    assert run("sync-perm", "--include-dags")[0] == 0
    viewer = [each["resource"] for each in listed(run, "roles", "list", "-p") if each["name"] == "Viewer"]
    assert "DAGs" in viewer
    assert "Variables" not in viewer


def test_a_token_is_made_listed_and_revoked(run: Run) -> None:
    run("users", "create", *ANN, "-p", PASSWORD)
    cut = ("--scope", "runs.*", "--dag-id", "d", "--days", "2")
    (made,) = listed(run, "tokens", "create", "-u", "ann", "-n", "deploys", *cut)
    text = str(made["token"])
    shown = run("tokens", "list")[1]
    assert text[-20:] not in shown
    (row,) = listed(run, "tokens", "list", "-u", "ann")
    assert (row["user"], row["scopes"], row["dags"], row["last_used_at"]) == ("ann", ["runs.*"], ["d"], None)
    assert run("tokens", "revoke", text)[0] == 0, "the whole of it is taken as well"
    assert "[no-such-token]" in run("tokens", "revoke", str(made["id"]))[2]
    assert listed(run, "tokens", "list")[0]["revoked_at"] is not None


@pytest.mark.parametrize("words", [("--days", "400"), ("--days", "0"), ("--scope", "nothing.*"), ("--days", "nan")])
def test_a_token_that_cannot_be_is_refused(run: Run, words: tuple[str, ...]) -> None:
    run("users", "create", *ANN, "-p", PASSWORD)
    assert "[account-refused]" in run("tokens", "create", "-u", "ann", "-n", "x", *words)[2]


def test_each_change_is_in_the_audit_log_and_no_secret_is(run: Run, stored: Database) -> None:
    run("users", "create", *ANN, "-p", PASSWORD)
    run("users", "reset-password", "-u", "ann", "-p", f"{PASSWORD} still")
    (made,) = listed(run, "tokens", "create", "-u", "ann", "-n", "x")
    run("roles", "create", "own")
    run("sync-perm")
    run("users", "delete", "-u", "ann")
    with stored.read() as connection:
        rows = connection.exec_driver_sql("SELECT event, owner, extra FROM audit_event ORDER BY at, id").all()
    wanted = ["users.create", "users.change", "tokens.create", "roles.create", "roles.sync", "users.delete"]
    assert [row[0] for row in rows] == wanted
    assert all('"via": "cli"' in row[2] for row in rows)
    for secret in (PASSWORD, str(made["token"])[17:], "scrypt"):
        assert secret not in repr(rows)
