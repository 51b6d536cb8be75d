"""Releases: the rows of `releases.toml`, what changed since the last one of a distribution, and the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.version import Version

from distributions.found import ROOT, dependencies_of, distributions, read_pyproject, required_name
from distributions.fragments import KINDS, Fragment, next_version, read_fragments
from distributions.git import commits, git
from distributions.rows import FILE, Release, last_releases, read_releases


class Plan(NamedTuple):
    """The next release of a distribution.

    Arguments:
        distribution: its name.
        folder: where it is, relative to the root.
        last: its last release; None before the first.
        version: the next one.
        commits: what changed what is installed since the last one, a line each, the newest first.
        fragments: what users are told.
    """

    distribution: str
    folder: str
    last: Release | None
    version: str
    commits: Sequence[str]
    fragments: Sequence[Fragment]


def plan_release(distribution: str, root: Path = ROOT) -> Plan | None:
    """Return the next release of a distribution; None where nothing changed.

    Raises:
        ValueError: its sources changed and no fragment says what that means to users.
    """
    folder = distributions(root)[distribution]
    last = last_releases(root).get(distribution)
    paths = [f"{folder}/src", f"{folder}/pyproject.toml"]
    fragments = read_fragments(root / folder)
    changed = commits(last.commit if last else None, paths, root)
    if last is None:
        return Plan(distribution, folder, None, _current(root / folder), changed, fragments)
    if not changed and not fragments:
        return None
    if not fragments:
        listed = "\n  ".join(changed)
        raise ValueError(
            f"{distribution} changed since {last.version}, and no fragment in {folder}/changes says how:\n  {listed}"
        )
    version = next_version(last.version, (each.kind for each in fragments))
    return Plan(distribution, folder, last, version, changed, fragments)


def _current(folder: Path) -> str:
    return str(read_pyproject(folder)["project"]["version"])


def entry(plan: Plan, day: str | None = None) -> str:
    """Return the entry of the changelog: what stands there already of a first release, then the fragments."""
    day = day or datetime.now(timezone.utc).date().isoformat()
    lines = []
    for each in plan.fragments:
        more = "".join(f"\n  {line}".rstrip() for line in each.more.splitlines())
        lines.append(f"- {KINDS[each.kind]}: {each.sentence}{more}")
    return f"## {plan.version} ({day})\n\n" + "\n".join(lines)


def with_entry(changelog: str, plan: Plan, day: str | None = None) -> str:
    """Return a changelog with the entry of a release: before the others, or where one of this version is begun."""
    told = entry(plan, day)
    begun = re.search(rf"^## {re.escape(plan.version)} \(unreleased\)$", changelog, re.MULTILINE)
    if begun is None:
        head, mark, rest = changelog.partition("\n## ")
        return f"{head.rstrip()}\n\n{told.rstrip()}\n{mark}{rest}"
    title, _, lines = told.partition("\n\n")
    rest = changelog[begun.end() :]
    return f"{changelog[: begun.start()]}{title}\n\n{lines}".rstrip() + ("\n" if lines else "\n\n") + rest.lstrip("\n")


def ranges_that_miss(versions: dict[str, str], root: Path = ROOT) -> list[str]:
    """Return a sentence for each requirement on a sibling that lacks a bound or does not take in the sibling's version.

    Arguments:
        versions: of distributions that are about to change theirs; the others have what their pyproject.toml says.
        root: the root of the repository.
    """
    folders = distributions(root)
    current = {name: _current(root / folder) for name, folder in folders.items()} | versions
    found = []
    for name, folder in folders.items():
        for text in dependencies_of(root / folder, extras=True):
            sibling = required_name(text)
            if sibling not in current or sibling == name:
                continue
            requirement = Requirement(text)
            operators = {each.operator for each in requirement.specifier}
            if not requirement.specifier.contains(current[sibling], prereleases=True):
                found.append(f"{name} needs {text}, which does not take in {sibling} {current[sibling]}")
            elif requirement.specifier and not operators & {"<", "<=", "==", "~="}:
                found.append(
                    f"{name} needs {text}, which promises to work with every later version: add an upper bound"
                )
            elif not requirement.specifier and not requirement.extras:
                found.append(f"{name} needs {text} of any version: say which it works with")
    return found


def write_release(plan: Plan, root: Path = ROOT) -> list[Path]:
    """Write the version and the changelog of a release, remove its fragments, and return what changed."""
    folder = root / plan.folder
    project, changelog = folder / "pyproject.toml", folder / "CHANGELOG.md"
    text = project.read_text(encoding="utf-8")
    version = re.compile(r'^version = ".*"$', re.MULTILINE)
    project.write_text(version.sub(f'version = "{plan.version}"', text, count=1), encoding="utf-8")
    old = changelog.read_text(encoding="utf-8") if changelog.exists() else f"# Changelog of {plan.distribution}\n"
    changelog.write_text(with_entry(old, plan), encoding="utf-8")
    for each in plan.fragments:
        each.path.unlink()
    return [project, changelog, *(each.path for each in plan.fragments)]


def add_rows(plans: Sequence[Plan], commit: str, root: Path = ROOT) -> None:
    """Write the rows of releases that a commit has."""
    rows = "".join(
        f'\n[[release]]\ndistribution = "{each.distribution}"\nversion = "{each.version}"\ncommit = "{commit}"\n'
        for each in plans
    )
    with (root / FILE).open("a", encoding="utf-8") as file:
        file.write(rows)


def problems_of_rows(root: Path = ROOT) -> list[str]:
    """Return a sentence for each row that is not true: its commit is unknown or has another version, or none follows."""
    found, last = [], dict[str, Version]()
    for each in read_releases(root):
        version = Version(each.version)
        if each.distribution in last and version <= last[each.distribution]:
            found.append(f"{each.tag} does not follow {last[each.distribution]}")
        last[each.distribution] = version
        folder = distributions(root).get(each.distribution)
        try:
            text = git("show", f"{each.commit}:{folder}/pyproject.toml", root=root)
        except RuntimeError as error:
            found.append(f"{each.tag}: {error}")
        else:
            if f'\nversion = "{each.version}"\n' not in text:
                found.append(f"{each.tag}: commit {each.commit} has another version of {each.distribution}")
    return found
