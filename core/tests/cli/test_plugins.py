"""What is plugged in can be seen, and what was left out is said."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tradewind.plugins import known
from tradewind.plugins.current import forget

BIRDS = """
from tradewind_plugins.declarations import Declared
from tradewind_plugins.hooks import hookimpl

@hookimpl
def tradewind_operators():
    return [Declared(path="birds_parts:FeedOperator", summary="Feeds birds.")]
"""


@pytest.fixture
def birds(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "birds_of_a_test.py").write_text(BIRDS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "birds_of_a_test", raising=False)
    monkeypatch.setenv("TRADEWIND__PLUGINS__MODULES", "birds_of_a_test")
    forget()
    yield
    forget()


def test_plugins_are_listed_in_the_order_in_which_they_win(run, birds) -> None:
    code, out, err = run("plugins", "list", "-o", "json")
    assert (code, err) == (0, "")
    first, second = json.loads(out)[:2]
    assert first["plugin"] == "tradewind.plugins.builtin"
    assert second == {
        "plugin": "birds_of_a_test",
        "distribution": "the setting birds_of_a_test",
        "hooks": "tradewind_operators",
    }


def test_what_they_declare_is_listed_by_kind(run, birds) -> None:
    code, out, _ = run("plugins", "catalogue", "operator", "-o", "json")
    assert code == 0
    assert {
        "kind": "operator",
        "name": "FeedOperator",
        "import": "birds_parts.FeedOperator",
        "distribution": "the setting birds_of_a_test",
        "summary": "Feeds birds.",
    } in json.loads(out)
    kinds = {row["kind"] for row in json.loads(run("plugins", "catalogue", "-o", "json")[1])}
    assert {"operator", "sensor", "codec", "secrets backend", "XCom storage"} <= kinds


def test_what_was_left_out_is_said(run, birds, tmp_path: Path) -> None:
    (tmp_path / "birds_of_a_test.py").write_text("import no_such_library_of_birds")
    with pytest.warns(UserWarning, match="no_such_library_of_birds"):
        code, _, err = run("plugins", "list")
    assert code == 0
    assert "Left out: plugin birds_of_a_test" in err


def test_a_command_of_a_provider_that_is_not_installed_says_what_to_install(run, home, monkeypatch) -> None:
    monkeypatch.setattr(known, "providers", lambda: {"forest": {"command": ["owl"]}})
    code, _, err = run("owl", "--wise")
    told = "The command 'owl' comes with a provider that is not installed; run: pip install tradewind-forest."
    assert (code, err) == (2, f"tradewind: {told} [wrong-usage]\n")
