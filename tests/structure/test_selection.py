"""What a change needs: which providers run their full suites, and with which wheels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from distributions import sources
from distributions.commands.suites import runs_of
from distributions.found import ROOT, lowered_folders, named_folder, needed_folders, provider_folders, required_name
from distributions.git import git
from distributions.releases import add_rows, plan_release
from distributions.selection import released_to_test, select
from distributions.sources import contract_release, find_contract, sources_of

PROJECT = '[project]\nname = "{name}"\nversion = "0.1.0"\ndependencies = [{needs}]\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the plugins API, core and three providers: one needs another one, and one core for its tests."""
    for folder, needs in (
        ("plugins-api", ""),
        ("core", ""),
        ("providers/ssh", '"tradewind-plugins-api>=0.1,<0.2"'),
        ("providers/sftp", '"tradewind-ssh>=0.1,<0.2"'),
        ("providers/http", ""),
    ):
        (tmp_path / folder / "src").mkdir(parents=True)
        (tmp_path / folder / "src/one.py").write_text("1\n")
        name = {"core": "tradewind"}.get(folder, f"tradewind-{Path(folder).name}")
        (tmp_path / folder / "pyproject.toml").write_text(PROJECT.format(name=name, needs=needs))
    (tmp_path / "noxfile.py").write_text("")
    git("init", "--quiet", root=tmp_path)
    git("config", "user.name", "Ann", root=tmp_path)
    git("config", "user.email", "ann@example.com", root=tmp_path)
    git("add", "--all", root=tmp_path)
    git("commit", "--quiet", "--message", "all", root=tmp_path)
    plans = [plan for name in ("tradewind-ssh", "tradewind-http") if (plan := plan_release(name, tmp_path)) is not None]
    add_rows(plans, git("rev-parse", "HEAD", root=tmp_path).strip(), tmp_path)
    git("add", "--all", root=tmp_path)
    git("commit", "--quiet", "--message", "record", root=tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "full", "released"),
    [
        ("providers/ssh/tests/test_one.py", ["sftp", "ssh"], []),
        ("providers/sftp/src/one.py", ["sftp"], []),
        ("core/src/one.py", [], []),
        ("docs/page.md", [], []),
        ("noxfile.py", ["http", "sftp", "ssh"], []),
        ("plugins-api/README.md", [], []),
        ("plugins-api/src/one.py", ["http", "sftp", "ssh"], ["tradewind-ssh", "tradewind-http"]),
    ],
)
def test_a_change_selects_providers(repository: Path, path: str, full: list[str], released: list[str]) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text("2\n")
    found = select("HEAD", repository)
    assert found.full == [f"providers/{name}" for name in full]
    assert (found.is_contract, found.released) == (bool(released), released)


@pytest.mark.parametrize("since", [None, "", "no-such-commit"])
def test_without_a_green_commit_everything_runs(repository: Path, since: str | None) -> None:
    found = select(since, repository)
    assert found.full == provider_folders(repository)
    assert found.is_contract
    assert found.why.endswith("everything")


def test_a_provider_brings_what_it_needs(repository: Path) -> None:
    assert needed_folders(["providers/sftp"], repository) == ["providers/sftp", "providers/ssh", "plugins-api"]
    assert required_name("Tradewind_SSH[keys]>=0.1; python_version < '4'") == "tradewind-ssh"
    assert [named_folder(name, repository) for name in ("ssh", "tradewind-ssh")] == ["providers/ssh"] * 2
    with pytest.raises(ValueError, match=r"there is no provider 'shh' in .*; there are http, sftp, ssh"):
        named_folder("shh", repository)


def test_only_what_has_a_client_library_is_tested_with_the_oldest_one_too() -> None:
    assert runs_of(["sqlite", "ssh"]) == [("sqlite", False), ("ssh", False), ("ssh", True)]


def test_one_says_why_it_is_not_lowered(repository: Path) -> None:
    with (repository / "providers/http/pyproject.toml").open("a") as file:
        file.write('[tool.tradewind]\nno-backport = "it is an executor"\n')
    assert lowered_folders(repository) == ["providers/sftp", "providers/ssh"]


def test_a_release_can_be_built_with_the_oldest_contract_that_core_supports(tmp_path: Path) -> None:
    found = sources_of("providers/sqlite", tmp_path, released=True, contract="oldest")
    oldest = contract_release("oldest")
    assert str(found["tradewind-plugins-api"]).startswith(str(tmp_path / "released" / oldest.tag))
    assert not str(found["tradewind-sqlite"]).startswith(str(ROOT))
    with pytest.raises(ValueError, match=r"releases\.toml has no tradewind-plugins-api 99\.0"):
        contract_release("99.0")


def test_an_unknown_green_commit_leaves_nothing_out() -> None:
    words = ["--collect-only", "-q", "-p", "no:randomly", "-p", "no:xdist", "providers/sqlite/tests/test_contract.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", *words],
        cwd=ROOT,
        env={**os.environ, "TRADEWIND_GREEN": "0" * 40},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is no commit before this one: everything" in done.stdout, done.stdout + done.stderr
    assert "test_it_works" in done.stdout


def test_providers_without_services_are_tested_as_released_first(repository: Path) -> None:
    with (repository / "providers/http/pyproject.toml").open("a") as file:
        file.write('[tool.tradewind]\nservices = ["a server"]\n')
    assert released_to_test(repository) == ["tradewind-ssh", "tradewind-http"]


def test_the_oldest_contract_is_none_before_the_release_that_core_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_contract("oldest") is not None
    monkeypatch.setattr(sources, "dependencies_of", lambda _folder: [f"{sources.CONTRACT}>=99,<100"])
    assert find_contract("oldest") is None


@pytest.mark.parametrize(("full", "runs"), [([], False), (["providers/sqlite"], True)])
def test_what_needs_a_service_is_left_out_of_what_did_not_change(tmp_path: Path, full: list[str], runs: bool) -> None:
    """A pytest of its own as the gate starts it, with a selection that is given."""
    given = "from distributions import selection\nfrom distributions.selection import Selection\n"
    given += f"selection.select = lambda green: Selection({full!r}, False, [], 'as the test says')\n"
    (tmp_path / "given.py").write_text(given)
    words = ["--collect-only", "-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "given"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "providers/sqlite/tests/test_contract.py"],
        cwd=ROOT,
        env={**os.environ, "TRADEWIND_GREEN": "given", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'scripts'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_making_it_asks_for_nothing" in done.stdout
    assert ("test_it_works" in done.stdout) is runs
