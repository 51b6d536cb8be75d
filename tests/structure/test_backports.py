"""What backports say of themselves: versions by the calendar, and release notes as they always were."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributions.calver import releases_of
from distributions.facts import read_provider
from distributions.found import ROOT, lowered_folders
from distributions.release_notes import notes, sibling_versions
from distributions.rows import FILE
from distributions.second_host import classes_of

GOLDEN = Path(__file__).with_name("golden") / "backport-notes.md"

PLUGIN = """from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared
from tradewind_plugins.hooks import hookimpl

@hookimpl
def tradewind_connection_types():
    return [ConnectionType(name="finch", label="Finch", path="tradewind_finch.hooks.finch:FinchHook")]

@hookimpl
def tradewind_operators():
    return [Declared(path="tradewind_finch.operators.finch:FinchOperator", summary="Sings."),
            Declared(path="tradewind_finch.operators.finch:NestOperator", summary="Builds.")]

@hookimpl
def tradewind_log_stores():
    return [Declared(path="tradewind_finch.stores.logs:FinchLogStore", summary="Keeps.")]

@hookimpl
def tradewind_airflow_aliases():
    old = "airflow.contrib.operators.ssh_operator:SSHOperator"
    return [AirflowAlias(name=old, path="tradewind_finch.operators.finch:FinchOperator")]
"""
OPERATORS = """from tradewind_plugins.operator import BaseOperator

class FinchOperator(BaseOperator):
    def __init__(self, *, song, deferrable=False, **kwargs):
        super().__init__(**kwargs)

class NestOperator(BaseOperator):
    pass
"""
MANIFEST = """[[class]]
airflow = "airflow.providers.finch.transfers.seeds.SeedsToFinchOperator"
done = "tradewind_finch.transfers.seeds:SeedsToFinchOperator"
on_airflow_1_10 = "partial: seeds are counted afterwards"

[[class]]
airflow = "airflow.providers.finch.hooks.finch.FinchAsyncHook"
deferred = "nobody has asked for it"
"""
FINCH = {
    "pyproject.toml": """[project]
name = "tradewind-finch"
version = "0.1.0"
description = "Finches for Tradewind."
dependencies = ["tradewind-plugins-api>=0.1.1,<0.2", "tradewind-seeds>=0.1,<0.2", "birdsong>=2,<3"]

[project.entry-points.tradewind]
finch = "tradewind_finch.plugin"
""",
    "README.md": "# tradewind-finch\n\nFinches, as [seeds](../seeds/README.md) are eaten.\n\n## Connection type\n\nA table.\n",
    "CHANGELOG.md": "# Changelog of tradewind-finch\n\n## 0.1.0 (2026-11-01)\n\n- `FinchHook` and the operators.\n",
    "manifest.toml": MANIFEST,
    "src/tradewind_finch/__init__.py": "",
    "src/tradewind_finch/plugin.py": PLUGIN,
    "src/tradewind_finch/operators/__init__.py": "",
    "src/tradewind_finch/operators/finch.py": OPERATORS,
    "src/tradewind_finch/transfers/__init__.py": "",
    "src/tradewind_finch/transfers/seeds.py": OPERATORS.replace("NestOperator", "SeedsToFinchOperator"),
}


def commit(root: Path, day: str, message: str) -> str:
    """Commit everything on a day and return the commit: the same everywhere."""
    told = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    dates = {"GIT_AUTHOR_DATE": f"{day}T12:00:00+00:00", "GIT_COMMITTER_DATE": f"{day}T12:00:00+00:00"}
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    words = ["git", *told, "commit", "--quiet", "--message", message]
    subprocess.run(words, cwd=root, env={"PATH": "/usr/bin:/bin:/usr/local/bin", **dates}, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def record(root: Path, name: str, version: str, made: str) -> None:
    """Write the row of a release."""
    with (root / FILE).open("a") as file:
        file.write(f'[[release]]\ndistribution = "tradewind-{name}"\nversion = "{version}"\ncommit = "{made}"\n')


def change(root: Path, text: str) -> None:
    (root / "providers/finch/src/tradewind_finch/__init__.py").write_text(f'"""{text}"""\n')


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with a provider that was released, changed and needs another one."""
    for name, text in FINCH.items():
        path = tmp_path / "providers/finch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    seeds = tmp_path / "providers/seeds"
    (seeds / "src").mkdir(parents=True)
    (seeds / "src/seeds.py").write_text("")
    (seeds / "pyproject.toml").write_text('[project]\nname = "tradewind-seeds"\nversion = "0.1.0"\n')
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    record(tmp_path, "finch", "0.1.0", commit(tmp_path, "2026-11-01", "Let finches sing"))
    change(tmp_path, "Finches.")
    commit(tmp_path, "2026-11-03", "Say `tweet` | not <chirp>")
    monkeypatch.syspath_prepend(tmp_path / "providers/finch/src")
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "tradewind_finch"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def test_release_notes_have_the_form_they_always_had(repository: Path) -> None:
    found = notes(read_provider("providers/finch", repository), repository)
    assert found == GOLDEN.read_text(encoding="utf-8"), f"if this is meant, write it to {GOLDEN}"


def test_versions_are_days_and_a_second_one_of_a_day_is_told_apart(repository: Path) -> None:
    change(repository, "All finches.")
    made = commit(repository, "2026-11-03", "Sing")
    record(repository, "finch", "0.1.1", made)
    change(repository, "Finches again.")
    commit(repository, "2026-11-03", "Sing again")
    found = releases_of("providers/finch", repository)
    assert [(each.version, each.provider, len(each.commits)) for each in found] == [
        ("2026.11.3.1", "0.1.1+", 1),
        ("2026.11.3", "0.1.1", 2),
        ("2026.11.1", "0.1.0", 1),
    ]
    assert sibling_versions(repository / "providers/finch", repository) == {"tradewind-seeds": ">=2026.11.1"}


def test_what_is_not_committed_has_no_version(repository: Path) -> None:
    (repository / "providers/new/src").mkdir(parents=True)
    (repository / "providers/new/pyproject.toml").write_text('[project]\nname = "tradewind-new"\nversion = "0.1.0"\n')
    with pytest.raises(RuntimeError, match=r"Git knows nothing of providers/new: commit it first"):
        releases_of("providers/new", repository)


def test_a_manifest_says_what_is_partial_or_absent(repository: Path) -> None:
    manifest = repository / "providers/finch/manifest.toml"
    manifest.write_text(MANIFEST.replace("partial: seeds", "half: seeds"))
    with pytest.raises(ValueError, match=r"on_airflow_1_10 of .*SeedsToFinchOperator is 'half: seeds .*'partial: why'"):
        classes_of(read_provider("providers/finch", repository))


@pytest.mark.parametrize("folder", lowered_folders())
def test_every_class_of_a_provider_has_a_state_and_a_reason(folder: str) -> None:
    found = classes_of(read_provider(folder))
    assert found
    assert [each.path for each in found if (each.state == "full") is bool(each.why)] == []


@pytest.mark.parametrize("folder", lowered_folders())
def test_the_notes_of_every_provider_can_be_made(folder: str) -> None:
    found = notes(read_provider(folder), ROOT)
    assert re.search(r"^Release: 20\d\d\.\d+\.\d+(\.\d+)?$", found, re.MULTILINE)
