"""Which distributions the repository has. Nothing lists them by hand: a folder with a pyproject.toml is one.

nox reads this in an environment of its own, so it needs the standard library alone (and tomli, which nox brings, on 3.10).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]


def provider_folders(root: Path = ROOT) -> list[str]:
    """Return the folders of all providers, sorted, relative to the root: `providers/sqlite`."""
    return sorted(f"providers/{path.parent.name}" for path in (root / "providers").glob("*/pyproject.toml"))


def kit_folders(root: Path = ROOT) -> list[str]:
    """Return the folder of the conformance kit, in a list."""
    return ["plugins-api/testing"] if (root / "plugins-api/testing/pyproject.toml").exists() else []


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return what a folder's pyproject.toml says."""
    return tomllib.loads((folder / "pyproject.toml").read_text())


def groups_of(folders: list[str], group: str, root: Path = ROOT) -> list[str]:
    """Return the requirements of one dependency group of these folders, each once; a folder without the group has none."""
    groups = (read_pyproject(root / folder).get("dependency-groups", {}).get(group, ()) for folder in folders)
    return list(dict.fromkeys(requirement for each in groups for requirement in each))


def package_of(folder: str) -> str:
    """Return the import name of a provider's package: `tradewind_common_sql` for `providers/common-sql`."""
    return f"tradewind_{Path(folder).name.replace('-', '_')}"


def lowered_folders(root: Path = ROOT) -> list[str]:
    """Return the providers that are also built for Airflow 1.10: all but those that give a reason against it.

    `[tool.tradewind] no-backport = "it is an executor"` in a provider's pyproject.toml is such a reason.
    """
    return [folder for folder in provider_folders(root) if not settings_of(root / folder).get("no-backport")]


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the table `[tool.tradewind]` of a folder's pyproject.toml: facts about it that no other tool reads."""
    table: dict[str, Any] = read_pyproject(folder).get("tool", {}).get("tradewind", {})
    return table
