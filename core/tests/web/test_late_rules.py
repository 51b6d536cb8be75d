"""Rules that learn late to write URLs: the URLs are Werkzeug's, and nothing is compiled that nobody asks for."""

from __future__ import annotations

import builtins
from typing import Any

import pytest
from tradewind.api.late_rules import LateRule
from werkzeug.routing import Map, Rule

PATHS = ("/", "/dags/<dag_id>", "/dags/<dag_id>/dagRuns/<path:run_id>", "/<int:number>/log")
VALUES = {"dag_id": "a b", "run_id": "scheduled__2026-01-01T00:00:00+00:00/x", "number": 7, "page": "2"}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is compiled meanwhile, by the names of its files."""
    names: list[Any] = []
    compile_it = builtins.compile

    def noting(source: Any, filename: Any, *rest: Any, **more: Any) -> Any:
        names.append(filename)
        return compile_it(source, filename, *rest, **more)

    monkeypatch.setattr(builtins, "compile", noting)
    return names


def urls(rule_class: type[Rule]) -> list[str]:
    adapter = Map([rule_class(path, endpoint=path) for path in PATHS]).bind("h", script_name="/flows")
    needed = [set(rule.arguments) for rule in adapter.map.iter_rules()]
    return [
        adapter.build(rule.endpoint, {name: VALUES[name] for name in (*names, *more)})
        for rule, names in zip(adapter.map.iter_rules(), needed, strict=True)
        for more in ((), ("page",))
    ]


def test_urls_are_those_of_werkzeug() -> None:
    assert urls(LateRule) == urls(Rule)


def test_nothing_is_compiled_until_a_url_is_asked_for(compiled: list[Any]) -> None:
    adapter = Map([LateRule(path, endpoint=path) for path in PATHS]).bind("h")
    assert adapter.match("/dags/x") == ("/dags/<dag_id>", {"dag_id": "x"})
    assert compiled == []
    adapter.build("/dags/<dag_id>", {"dag_id": "x"})
    assert compiled.count("<werkzeug routing>") == 1
