"""Every list in every form: a table for people, JSON and YAML that programs can read, plain lines for pipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

LISTS = [
    ["dags", "list"],
    ["dags", "list-runs"],
    ["tasks", "states-for-dag-run", "shop", "first"],
    ["connections", "list"],
    ["connections", "get", "shop_db"],
    ["variables", "list"],
    ["pools", "list"],
    ["pools", "get", "default_pool"],
    ["plugins", "list"],
    ["plugins", "catalogue"],
    ["config", "list"],
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_in_every_form(run, dags: Path, words: list[str]) -> None:
    run("dags", "trigger", "shop", "--run-id", "first")
    run("connections", "add", "shop_db", "--conn-type", "sqlite", "--conn-host", "shop.db")
    run("variables", "set", "good_day", "200")
    printed = {form: run(*words, "-o", form) for form in ("table", "json", "yaml", "plain")}
    assert [(code, err) for code, _, err in printed.values()] == [(0, "")] * 4
    rows = json.loads(printed["json"][1])
    assert rows
    assert yaml.safe_load(printed["yaml"][1]) == rows
    assert len(printed["plain"][1].splitlines()) == len(rows)
    assert all(key.replace("_", " ") in printed["table"][1] for key in rows[0] if rows[0][key] is not None)
