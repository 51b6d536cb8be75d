"""Releases: what is committed about them is true, and the next ones follow from change fragments."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributions.found import ROOT, distributions
from distributions.fragments import next_version, read_fragments, touched, without_fragment
from distributions.git import git
from distributions.releases import (
    Plan,
    add_rows,
    plan_release,
    problems_of_rows,
    ranges_that_miss,
    with_entry,
    write_release,
)
from distributions.rows import FILE, last_releases, read_releases

PROJECT = """[project]
name = "tradewind-{name}"
version = "{version}"
dependencies = [{needs}]
"""


@pytest.mark.parametrize("folder", distributions().values())
def test_change_fragments_are_written_as_they_are_to_be(folder: str) -> None:
    read_fragments(ROOT / folder)


def test_ranges_of_versions_take_in_the_siblings() -> None:
    assert ranges_that_miss({}) == []


@pytest.mark.parametrize("name", last_releases())
def test_what_changed_since_a_release_is_told_by_a_fragment(name: str) -> None:
    plan_release(name)


def test_every_release_is_of_a_commit_that_has_its_version() -> None:
    assert problems_of_rows() == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two providers, of which one needs the other; both are released."""
    for name, needs in (("ssh", ""), ("sftp", '"tradewind-ssh>=0.1,<0.2"')):
        folder = tmp_path / "providers" / name
        (folder / "src").mkdir(parents=True)
        (folder / "src/one.py").write_text("1\n")
        (folder / "pyproject.toml").write_text(PROJECT.format(name=name, version="0.1.0", needs=needs))
        (folder / "CHANGELOG.md").write_text(f"# Changelog of tradewind-{name}\n\n## 0.1.0 (unreleased)\n\n- All.\n")
    git("init", "--quiet", root=tmp_path)
    git("config", "user.name", "Ann", root=tmp_path)
    git("config", "user.email", "ann@example.com", root=tmp_path)
    plans = [plan for name in ("tradewind-ssh", "tradewind-sftp") if (plan := committed(tmp_path, name)) is not None]
    add_rows(plans, git("rev-parse", "HEAD", root=tmp_path).strip(), tmp_path)
    commit(tmp_path, "record")
    return tmp_path


def commit(root: Path, message: str) -> None:
    git("add", "--all", root=root)
    git("commit", "--quiet", "--allow-empty", "--message", message, root=root)


def committed(root: Path, name: str) -> Plan | None:
    commit(root, "all")
    return plan_release(name, root)


def fragment(root: Path, provider: str, text: str) -> None:
    folder = root / "providers" / provider / "changes"
    folder.mkdir(exist_ok=True)
    (folder / "a-change.md").write_text(text)


def test_the_first_release_is_of_the_version_that_stands_there(repository: Path) -> None:
    assert [(each.tag, len(each.commit)) for each in read_releases(repository)] == [
        ("tradewind-ssh-0.1.0", 40),
        ("tradewind-sftp-0.1.0", 40),
    ]
    assert problems_of_rows(repository) == []
    assert plan_release("tradewind-ssh", repository) is None


def test_a_change_needs_a_fragment(repository: Path) -> None:
    (repository / "providers/ssh/src/one.py").write_text("2\n")
    commit(repository, "Count to two")
    paths = ["providers/ssh/src/one.py", "providers/sftp/tests/test_one.py", "noxfile.py"]
    released = {"tradewind-ssh": None, "tradewind-sftp": None}
    assert without_fragment(paths, released, repository) == {"tradewind-ssh": ["providers/ssh/src/one.py"]}
    assert without_fragment(paths, {}, repository) == {}
    assert without_fragment([*paths, "providers/ssh/changes/two.md"], released, repository) == {}
    with pytest.raises(ValueError, match=r"(?s)tradewind-ssh changed since 0.1.0, and no fragment in .* Count to two"):
        plan_release("tradewind-ssh", repository)


def test_a_release_follows_from_the_fragments(repository: Path) -> None:
    (repository / "providers/ssh/src/one.py").write_text("2\n")
    fragment(repository, "ssh", "fix: Two is counted.\n\nIt was one.\n")
    plan = committed(repository, "tradewind-ssh")
    assert plan is not None
    assert (plan.version, len(plan.commits)) == ("0.1.1", 1)
    write_release(plan, repository)
    assert 'version = "0.1.1"' in (repository / "providers/ssh/pyproject.toml").read_text()
    assert not list((repository / "providers/ssh/changes").iterdir())
    lines = (repository / "providers/ssh/CHANGELOG.md").read_text().splitlines()
    assert lines[0] == "# Changelog of tradewind-ssh"
    assert lines[2].startswith("## 0.1.1 (2")
    assert lines[4:8] == ["- Fixed: Two is counted.", "  It was one.", "", "## 0.1.0 (unreleased)"]
    commit(repository, "release")
    add_rows([plan], git("rev-parse", "HEAD", root=repository).strip(), repository)
    assert problems_of_rows(repository) == []
    assert plan_release("tradewind-ssh", repository) is None


def test_what_breaks_needs_wider_ranges(repository: Path) -> None:
    fragment(repository, "ssh", "breaking: One is two.\n")
    plan = committed(repository, "tradewind-ssh")
    assert plan is not None
    assert plan.version == "0.2.0"
    assert ranges_that_miss({"tradewind-ssh": "0.2.0"}, repository) == [
        "tradewind-sftp needs tradewind-ssh>=0.1,<0.2, which does not take in tradewind-ssh 0.2.0"
    ]


def test_an_entry_takes_the_place_of_one_that_is_begun(repository: Path) -> None:
    (repository / FILE).unlink()
    fragment(repository, "ssh", "feature: Keys of any kind.\n")
    plan = committed(repository, "tradewind-ssh")
    assert plan is not None
    begun = "# Changelog\n\n## 0.1.0 (unreleased)\n\n- All.\n"
    assert (
        with_entry(begun, plan, "2026-11-23")
        == "# Changelog\n\n## 0.1.0 (2026-11-23)\n\n- New: Keys of any kind.\n- All.\n"
    )


@pytest.mark.parametrize("text", ["feat: It is.", "fix: no end", "fix:", "", "fix: It is.\n"])
def test_a_fragment_is_a_kind_and_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes/one.md").write_text(text)
    if text == "fix: It is.\n":
        assert [each.sentence for each in read_fragments(tmp_path)] == ["It is."]
        return
    with pytest.raises(ValueError, match=r"changes/one\.md is no change fragment: .* one of breaking, feature, fix"):
        read_fragments(tmp_path)


@pytest.mark.parametrize(
    ("version", "kinds", "following"),
    [
        ("0.1.0", ["breaking", "fix"], "0.2.0"),
        ("0.1.4", ["feature", "docs"], "0.1.5"),
        ("1.2.3", ["breaking"], "2.0.0"),
        ("1.2.3", ["feature", "fix"], "1.3.0"),
        ("1.2.3", ["deps"], "1.2.4"),
    ],
)
def test_the_next_version_follows_semver(version: str, kinds: list[str], following: str) -> None:
    assert next_version(version, kinds) == following


def test_a_change_belongs_to_the_innermost_distribution() -> None:
    paths = ["providers/sqlite/src/a.py", "plugins-api/src/b.py", "providers/sqlite/README.md", "docs/README.md"]
    assert touched(paths) == {"tradewind-sqlite": paths[:1], "tradewind-plugins-api": paths[1:2]}
