"""`providers new` and `providers validate`: a provider is begun whole, and what is wrong with one is named."""

from __future__ import annotations

import ast
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tradewind.plugins.current import forget

Problems = Callable[[], list[str]]
CONTRACT = f'dependencies = ["tradewind-plugins-api>={version("tradewind-plugins-api")},<0.2"]'
PLUGIN = "src/tradewind_my_system/plugin.py"
HOOK = "src/tradewind_my_system/hooks/my_system.py"


@pytest.fixture
def folder(run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new provider."""
    monkeypatch.chdir(home)
    code, out, err = run("providers", "new", "my-system")
    assert (code, err) == (0, "")
    assert "tradewind providers validate tradewind-my-system" in out
    return home / "tradewind-my-system"


@pytest.fixture
def problems(run, folder: Path) -> Callable[[], list[str]]:
    """A function that returns what is wrong with the provider's folder."""

    def ask() -> list[str]:
        code, out, _ = run("providers", "validate", str(folder), "-o", "json")
        found = [f"{each['where']}: {each['what']}" for each in json.loads(out)]
        assert code == int(bool(found))
        return found

    return ask


def test_a_new_provider_is_as_it_should_be(run, problems: Problems, folder: Path) -> None:
    assert problems() == []
    assert run("providers", "validate", str(folder))[2] == f"{folder} is as a provider should be.\n"
    for path in folder.rglob("*.py"):
        text = path.read_text()
        ast.parse(text)
        assert "arrot" not in text
        assert max(map(len, text.splitlines()), default=0) <= 120
    assert "class MySystemHook" in (folder / HOOK).read_text()
    assert 'distribution="tradewind-my-system"' in (folder / HOOK).read_text()


def test_few_lines_of_a_new_provider_are_not_its_own_logic(folder: Path) -> None:
    lines = (folder / "pyproject.toml").read_text().splitlines()
    lines += (folder / PLUGIN).read_text().partition("@hookimpl")[0].splitlines()
    for path in folder.rglob("__init__.py"):
        lines += path.read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 30


@pytest.mark.parametrize(
    ("file", "change", "problem"),
    [
        ("pyproject.toml", ('readme = "README.md"\n', ""), "pyproject.toml: has no readme in [project]"),
        ("pyproject.toml", ('"0.1.0"', '"soon"'), "pyproject.toml: has the version 'soon', which is none"),
        (
            "pyproject.toml",
            ('">=3.10"', '">=3.8"'),
            "pyproject.toml: allows Python 3.9, which Tradewind does not run on",
        ),
        (
            "pyproject.toml",
            ('">=3.10"', '"three"'),
            "pyproject.toml: has the requires-python 'three', which is no range",
        ),
        ("pyproject.toml", ("entry-points.tradewind", "entry-points.other"), "has no [project.entry-points.tradewind]"),
        ("pyproject.toml", (CONTRACT, "dependencies = []"), "pyproject.toml: does not need tradewind-plugins-api"),
        (
            "pyproject.toml",
            (',<0.2"]\n\n[dep', '"]\n\n[dep'),
            "name the first contract that it may not work with, as <0.2",
        ),
        ("pyproject.toml", (CONTRACT, CONTRACT.replace("<0.2", "<0.1")), "is installed: it cannot be used here"),
        ("pyproject.toml", (CONTRACT, CONTRACT[:-1] + ', "tradewind>=0.1"]'), "and core only for tests"),
        (
            "pyproject.toml",
            (CONTRACT, CONTRACT[:-1] + ', "requests"]'),
            "needs requests without saying from which version",
        ),
        ("pyproject.toml", (CONTRACT, CONTRACT[:-1] + ', "a b"]'), "needs 'a b', which is no requirement"),
        ("pyproject.toml", ("[project]", "[project"), "pyproject.toml: is no TOML"),
        ("CHANGELOG.md", ("0.1.0", "0.0.9"), "CHANGELOG.md: has no entry '## 0.1.0'"),
        (HOOK, ("import base64", "import tradewind.hooks"), f"{HOOK}:5: imports tradewind.hooks"),
        (HOOK, ("import base64", "import"), f"{HOOK}: is no Python"),
        (HOOK, ("import base64", "match 1:\n    case _:\n        pass"), "cannot be lowered for Airflow 1.10"),
        (
            "README.md",
            ("pip install", "pip uninstall"),
            "does not say how to install it: pip install tradewind-my-system",
        ),
        ("README.md", ("dags test", "dags tset"), "shows a command that there is not: tradewind dags tset"),
        ("README.md", ("MySystemOperator(task", "MySystemOperator((task"), "shows Python that is none"),
    ],
)
def test_what_is_wrong_is_named(
    problems: Problems, folder: Path, file: str, change: tuple[str, str], problem: str
) -> None:
    old, new = change
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert problem in "\n".join(problems())


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "CHANGELOG.md",
        PLUGIN,
        "src/tradewind_my_system/py.typed",
        "tests/test_contract.py",
        "pyproject.toml",
    ],
)
def test_what_is_missing_is_named(problems: Problems, folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert any(each.startswith((file, "tests/test_contract*.py")) for each in problems())


def test_what_cannot_be_begun_is_said(run, folder: Path) -> None:
    code, _, err = run("providers", "new", "my_system")
    assert (code, err) == (
        1,
        "tradewind: tradewind-my-system is there already: name another folder by --path. [already-exists]\n",
    )
    code, _, err = run("providers", "new", "My System")
    assert code == 2
    assert "'My System' cannot be the name of a provider: write lower-case words, as in my-system. [wrong-usage]" in err
    assert "There is no folder nowhere. [not-found]" in run("providers", "validate", "nowhere")[2]


@pytest.fixture
def strange(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two distributions beside those that are good: one for another contract, one that cannot be imported."""
    for name, needed in (("old", "tradewind-plugins-api>=99,<100"), ("broken", "tradewind-plugins-api>=0.1")):
        info = tmp_path / "site" / f"tradewind_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        head = f"Metadata-Version: 2.1\nName: tradewind-{name}\nVersion: 1.0\nSummary: {name.capitalize()} parrots.\n"
        (info / "METADATA").write_text(f"{head}Requires-Dist: {needed}\n")
        (info / "entry_points.txt").write_text(f"[tradewind]\n{name} = {name}_parrots\n")
        monkeypatch.delitem(sys.modules, f"{name}_parrots", raising=False)  # another test's
        (tmp_path / "site" / f"{name}_parrots.py").write_text("raise OSError('no parrots')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget()
    yield
    forget()


@pytest.mark.usefixtures("strange")
@pytest.mark.filterwarnings("ignore::tradewind.plugins.registry.PluginWarning")
def test_what_cannot_be_used_is_named_and_stops_nothing_else(run) -> None:
    listed = {each["provider"]: each["problem"] for each in rows(run, "list")}
    assert listed["tradewind-sqlite"] == ""
    assert listed["tradewind-broken"] == "is left out: OSError: no parrots"
    assert listed["tradewind-old"] == (
        f"is left out: it needs tradewind-plugins-api>=99,<100, and tradewind-plugins-api "
        f"{version('tradewind-plugins-api')} is installed; run: pip install --upgrade tradewind-old"
    )
    assert "no parrots" in run("providers", "get", "broken")[1]
    usable = {each["provider"] for each in rows(run, "lazy-loaded")}
    assert "tradewind-sqlite" in usable
    assert usable.isdisjoint({"tradewind-old", "tradewind-broken"})
    assert "sqlite" in [each["connection_type"] for each in rows(run, "connections")]


@pytest.mark.filterwarnings("ignore::tradewind.plugins.registry.PluginWarning")
def test_what_is_refused_is_kept_with_the_rest(run, strange: None, tmp_path: Path) -> None:
    """A provider for another contract is no reason to collect everything at every start, as one that is broken is."""
    (tmp_path / "site/broken_parrots.py").write_text("")
    said = rows(run, "list")
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows(run, "list") == said


def rows(run, verb: str) -> list[dict[str, Any]]:
    """Return what a verb shows."""
    return list(json.loads(run("providers", verb, "-o", "json")[1]))


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("codecs", "json"),
        ("connections", "sqlite"),
        ("decorators", "branch"),
        ("executors", "LocalExecutor"),
        ("hooks", "fs"),
        ("lazy-loaded", "tradewind-sqlite"),
        ("logging", "file"),
        ("metrics", "statsd"),
        ("notifications", "EmailNotifier"),
        ("operators", "SqliteOperator"),
        ("secrets", "environment"),
        ("sensors", "FileSensor"),
        ("timetables", ""),
        ("triggers", "Trigger"),
        ("widgets", "timeout"),
        ("xcom", "folder"),
    ],
)
def test_what_providers_bring_is_listed_by_kind(run, home: Path, verb: str, name: str) -> None:
    code, out, _ = run("providers", verb)
    assert code == 0
    assert name in out
    assert name in json.dumps(rows(run, verb))
