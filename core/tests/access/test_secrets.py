"""Secrets are planted in every way of saying who one is, and looked for in all that comes out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from tradewind.cli import main
from tradewind.metadata.tables import metadata

PASSWORD = "planted password of ann"
WRONG = "planted wrong password"
NAME = "planted in the field for the name"
FORGED = "twd_0123456789ab_" + "P" * 43


@pytest.fixture
def heard(caplog, capfd) -> Callable[[], str]:
    """All that was logged and printed so far."""
    caplog.set_level(logging.INFO)

    def all_of_it() -> str:
        told = capfd.readouterr()
        return f"{caplog.text}\n{told.out}\n{told.err}"

    return all_of_it


@pytest.fixture
def in_environment(database, monkeypatch) -> None:
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", database.url.render_as_string(hide_password=False))


@pytest.mark.usefixtures("in_environment")
def test_no_secret_is_in_any_answer_log_line_or_row(make, database, people, heard) -> None:
    words = ("-u", "ann", "-f", "A", "-l", "N", "-e", "ann@example.org", "-r", "Admin", "-p", PASSWORD)
    assert main(["users", "create", *words]) == 0
    assert main(["users", "list", "-o", "json"]) == 0
    with database.read() as connection:
        key = connection.exec_driver_sql("SELECT id FROM ab_user").scalar_one()
    token = people.token(database, key, datetime.now(timezone.utc))
    app = make(database, "", web__secret_key="planted key of the cookies")
    answers = []
    for name, password in (("ann", PASSWORD), ("ann", WRONG), (NAME, WRONG), (NAME, PASSWORD)):
        client = app.test_client()
        answers += [client.get("/", auth=(name, password)), people.log_in(client, name, password), client.get("/")]
        answers += [client.get("/login/"), client.get("/logout/"), client.get("/api/v1/pools", auth=(name, password))]
    for each in (token, FORGED, f"{token}x"):
        headers = {"Authorization": f"Bearer {each}"}
        answers += [app.test_client().get(path, headers=headers) for path in ("/", "/api/v1/pools", "/nothing")]
    out = [answer.text + repr(answer.headers) for answer in answers]
    with database.read() as connection:
        out += [repr(connection.exec_driver_sql(f"SELECT * FROM {name}").all()) for name in metadata.tables]
    text = "\n".join([*out, heard()])
    for secret in (PASSWORD, WRONG, NAME, FORGED, token, "planted"):
        assert secret not in text, secret
