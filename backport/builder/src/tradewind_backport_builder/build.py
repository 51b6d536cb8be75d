"""Building the distributions of the second host."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from tradewind_backport_builder.plan import API
from tradewind_backport_builder.tree import lower_tree, python_files
from tradewind_backport_builder.wheels import Metadata, write_wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

AIRFLOW = "apache-airflow (>=1.10.12,<2)"
RUNTIME = "tradewind-backport-runtime"
PLUGINS_API = "tradewind-plugins-api"
KIT = "tradewind_testing"
KIT_HOST = "tradewind_airflow_testing"


def build_runtime(repository: Path, out: Path) -> Path:
    """Build the runtime: the lowered plugins API, with the modules written for Airflow 1.10, and the thin `tradewind`.

    Args:
        repository: the root of the repository.
        out: the folder of wheels.

    Raises:
        DialectError: the plugins API does not keep to the dialect.
    """
    project = _project(repository / "plugins-api")
    lowered = lower_tree(repository / "plugins-api" / "src" / API)
    files = {PurePath(API) / path: text for path, text in lowered.items()}
    written = repository / "backport" / "runtime" / "src"
    for file in python_files(written):
        files[PurePath(file.relative_to(written))] = file.read_text(encoding="utf-8")
    readme = (repository / "backport" / "runtime" / "README.md").read_text(encoding="utf-8")
    summary = "Runs Tradewind's providers on Apache Airflow 1.10."
    return write_wheel(out, Metadata(RUNTIME, project["version"], summary, [AIRFLOW], readme), files)


class Release(NamedTuple):
    """What is said of a release of a backport.

    Args:
        version: of the backport; the provider's own where there is no release.
        notes: Markdown, the page of the wheel.
        siblings: by distribution, which versions of the backports of other providers it needs.
    """

    version: str
    notes: str
    siblings: Mapping[str, str]


def build_provider(provider: Path, out: Path, release: Release | None = None) -> Path:
    """Build a provider from its unchanged source.

    Args:
        provider: the provider's folder, with its pyproject.toml.
        out: the folder of wheels.
        release: its version and its notes; None for the provider's version and its README.

    Raises:
        DialectError: the source does not keep to the dialect.
    """
    project = _project(provider)
    name = project["name"].removeprefix("tradewind-")
    package = f"tradewind_{name.replace('-', '_')}"
    lowered = lower_tree(provider / "src" / package)
    files = {PurePath(package) / path: text for path, text in lowered.items()}
    needs = [AIRFLOW, *_requirements(project, release.siblings if release else {})]
    readme = release.notes if release else (provider / "README.md").read_text(encoding="utf-8")
    metadata = Metadata(
        f"tradewind-backport-{name}",
        release.version if release else project["version"],
        project["description"],
        needs,
        readme,
        entry_points=project.get("entry-points", {}),
    )
    return write_wheel(out, metadata, files)


def build_kit(repository: Path, out: Path) -> Path:
    """Build the conformance kit, with Airflow 1.10 as one of its hosts.

    Arguments:
        repository: the root of the repository.
        out: the folder of wheels.

    Raises:
        DialectError: the kit does not keep to the dialect.
    """
    folder = repository / "plugins-api" / "testing"
    project = _project(folder)
    files = {PurePath(KIT) / path: text for path, text in lower_tree(folder / "src" / KIT).items()}
    written = repository / "backport" / "testing" / "src"
    for file in python_files(written):
        files[PurePath(file.relative_to(written))] = file.read_text(encoding="utf-8")
    entries = {**project["entry-points"], "tradewind_testing_hosts": {"airflow": f"{KIT_HOST}:AirflowKitHost"}}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    needs = [AIRFLOW, *_requirements(project)]
    name = f"tradewind-backport-{project['name'].removeprefix('tradewind-')}"
    return write_wheel(out, Metadata(name, project["version"], project["description"], needs, readme, entries), files)


def lower_suites(provider: Path, out: Path) -> list[Path]:
    """Write the suites of a provider's tests, lowered: `test_contract*.py`, `conftest.py` and modules that are no tests.

    Arguments:
        provider: the provider's folder.
        out: the folder to write to, made if need be.

    Returns:
        The files written; none where the provider has no such tests.

    Raises:
        DialectError: they do not keep to the dialect.
    """
    tests = provider / "tests"
    suites = sorted(tests.glob("test_contract*.py"))
    if not suites:
        return []
    out.mkdir(parents=True, exist_ok=True)
    helpers = [file for file in tests.glob("*.py") if not file.name.startswith("test_")]
    wanted = {PurePath(file.name) for file in (*suites, *helpers)}
    texts = lower_tree(tests, wanted)
    for path, text in texts.items():
        (out / path).write_text(text, encoding="utf-8")
    return sorted(out / path for path in texts)


def _requirements(project: dict[str, Any], siblings: Mapping[str, str] | None = None) -> list[str]:
    """Return a provider's dependencies, with the runtime in the place of the plugins API, of the same versions.

    Other providers are needed as backports: of the versions that are given, else of the same ones.

    Raises:
        ValueError: the provider does not say which plugins API it needs.
    """
    needed: list[str] = project.get("dependencies", [])
    ours = [each for each in needed if each.startswith(PLUGINS_API)]
    if not ours:
        raise ValueError(f"{project['name']} does not depend on {PLUGINS_API}; name the versions it works with")
    others = [_backport_of(each, siblings or {}) for each in needed if each not in ours]
    return [f"{RUNTIME} ({ours[0].removeprefix(PLUGINS_API)})", *others]


def _backport_of(requirement: str, siblings: Mapping[str, str]) -> str:
    """Return the requirement on a backport in the place of one on a provider; any other one as it is."""
    found = re.match(r"tradewind-([\w-]+)(.*)", requirement)
    if found is None:
        return requirement
    versions = siblings.get(f"tradewind-{found[1]}", found[2])
    return f"tradewind-backport-{found[1]} ({versions})" if versions else f"tradewind-backport-{found[1]}"


def _project(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return data
