"""What a server says of its own installation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shown(home: Path) -> None:
    """The server shows its configuration."""
    (home / "tradewind.toml").write_text('[web]\nexpose_config = "true"\nport = 9000\n')


@pytest.mark.usefixtures("shown")
def test_the_configuration_is_asked_of_the_server(both: Run, run: Run, there: Run) -> None:
    assert both("config", "get-value", "web", "port")[1] == "9000\n"
    assert both("config", "get-value", "security", "fernet_key")[0] == 0
    assert both("config", "get-value", "web", "nothing")[2].endswith("[config-unknown-key]\n")
    assert both("config", "get-value", "nowhere", "port")[2].endswith("[config-unknown-key]\n")
    assert both("config", "list", "--section", "nowhere")[2].endswith("[config-unknown-key]\n")
    rows = json.loads(there("config", "list", "--section", "web", "-V", "-o", "json")[1])
    here = json.loads(run("config", "list", "--section", "web", "-V", "-o", "json")[1])
    assert [each | {"source": ""} for each in rows] == [each | {"source": ""} for each in here]
    sources = {each["key"]: each["source"] for each in rows}
    assert (sources["web.port"], sources["web.host"]) == ("set", "default")
    assert "leave out --server" in there("config", "list", "--defaults")[2]


def test_a_configuration_that_is_not_shown_is_refused(there: Run) -> None:
    for words in (("list",), ("get-value", "web", "port")):
        assert there("config", *words)[2].endswith("[not-enabled]\n")


def test_what_is_installed_is_asked_of_the_server(both: Run, there: Run) -> None:
    assert both("version")[0] == 0
    assert json.loads(both("plugins", "list", "-o", "json")[1])
    assert both("plugins")[0] == 0
    assert json.loads(both("providers", "list", "-o", "json")[1])
    assert both("providers", "get", "sqlite")[0] == 0
    assert both("providers", "get", "sqlitee")[2].endswith("[provider-missing]\n")
    assert there("providers", "get", "sqlite", "--full")[0] == 2
    assert there("providers", "hooks")[0] == 2
