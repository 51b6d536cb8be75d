"""Building the distributions of the second host."""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from typing import Any

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


def build_provider(provider: Path, out: Path) -> Path:
    """Build a provider from its unchanged source.

    Args:
        provider: the provider's folder, with its pyproject.toml.
        out: the folder of wheels.

    Raises:
        DialectError: the source does not keep to the dialect.
    """
    project = _project(provider)
    name = project["name"].removeprefix("tradewind-")
    package = f"tradewind_{name.replace('-', '_')}"
    lowered = lower_tree(provider / "src" / package)
    files = {PurePath(package) / path: text for path, text in lowered.items()}
    needs = [AIRFLOW, *_requirements(project)]
    readme = (provider / "README.md").read_text(encoding="utf-8")
    metadata = Metadata(
        f"tradewind-backport-{name}",
        project["version"],
        project["description"],
        needs,
        readme,
        entry_points=project.get("entry-points", {}),
    )
    return write_wheel(out, metadata, files)


def _requirements(project: dict[str, Any]) -> list[str]:
    """Return a provider's dependencies, with the runtime in the place of the plugins API, of the same versions.

    Raises:
        ValueError: the provider does not say which plugins API it needs.
    """
    needed: list[str] = project.get("dependencies", [])
    ours = [each for each in needed if each.startswith(PLUGINS_API)]
    if not ours:
        raise ValueError(f"{project['name']} does not depend on {PLUGINS_API}; name the versions it works with")
    return [f"{RUNTIME} ({ours[0].removeprefix(PLUGINS_API)})", *(each for each in needed if each not in ours)]


def _project(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return data
