"""Which distributions the repository has. Nothing lists them by hand: a folder with a pyproject.toml is one.

nox reads this in an environment of its own, so it needs the standard library alone (and tomli, which nox brings, on 3.10).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
KIT = "plugins-api/testing"
OTHERS = ("plugins-api", "core", "backport/airflow-names", "backport/airflow-stubs", "backport/builder")


def provider_folders(root: Path = ROOT) -> list[str]:
    """Return the folders of all providers, sorted, relative to the root: `providers/sqlite`."""
    return sorted(f"providers/{path.parent.name}" for path in (root / "providers").glob("*/pyproject.toml"))


def kit_folders(root: Path = ROOT) -> list[str]:
    """Return the folder of the conformance kit, in a list."""
    return [KIT] if (root / KIT / "pyproject.toml").exists() else []


def lowered_folders(root: Path = ROOT) -> list[str]:
    """Return the providers that are also built for Airflow 1.10: all but those that give a reason against it.

    `[tool.tradewind] no-backport = "it is an executor"` in a provider's pyproject.toml is such a reason.
    """
    return [folder for folder in provider_folders(root) if not settings_of(root / folder).get("no-backport")]


def distributions(root: Path = ROOT) -> dict[str, str]:
    """Return the folder of each distribution of the repository by its name."""
    folders = [each for each in OTHERS if (root / each / "pyproject.toml").exists()]
    return {name_of(root / folder): folder for folder in [*folders, *kit_folders(root), *provider_folders(root)]}


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return what a folder's pyproject.toml says."""
    return read_toml(folder / "pyproject.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file says; nothing where there is none."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def name_of(folder: Path) -> str:
    """Return the name of the distribution in a folder."""
    return str(read_pyproject(folder)["project"]["name"])


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the table `[tool.tradewind]` of a folder's pyproject.toml: facts about it that no other tool reads."""
    table: dict[str, Any] = read_pyproject(folder).get("tool", {}).get("tradewind", {})
    return table


def groups_of(folders: Iterable[str], group: str, root: Path = ROOT) -> list[str]:
    """Return the requirements of one dependency group of these folders, each once; a folder without the group has none."""
    groups = (read_pyproject(root / folder).get("dependency-groups", {}).get(group, ()) for folder in folders)
    return list(dict.fromkeys(requirement for each in groups for requirement in each))


def required_name(requirement: str) -> str:
    """Return the name in a requirement, as package indexes spell it: `tradewind-ssh` of `Tradewind_SSH[x]>=0.1`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def dependencies_of(folder: Path, *, extras: bool = False) -> list[str]:
    """Return the requirements of the distribution in a folder; with its extras' where they are asked for."""
    project = read_pyproject(folder)["project"]
    wanted = [*project.get("dependencies", ())]
    if extras:
        wanted += [each for extra in project.get("optional-dependencies", {}).values() for each in extra]
    return wanted


def needed_folders(folders: Sequence[str], root: Path = ROOT, groups: Sequence[str] = ()) -> list[str]:
    """Return these folders and all of the repository that they need, each once, those that were asked for first.

    Arguments:
        folders: relative to the root.
        root: the root of the repository.
        groups: dependency groups of the first folders that count too.
    """
    known = distributions(root)
    found = list(folders)
    for folder in found:  # grows while it is walked
        wanted = dependencies_of(root / folder) + [
            each for group in groups if folder in folders for each in groups_of([folder], group, root)
        ]
        found += [known[name] for name in map(required_name, wanted) if name in known and known[name] not in found]
    return found


def package_of(folder: str) -> str:
    """Return the import name of a provider's package: `tradewind_common_sql` for `providers/common-sql`."""
    return f"tradewind_{Path(folder).name.replace('-', '_')}"


def named_folder(name: str, root: Path = ROOT) -> str:
    """Return the folder of the provider that people call `ssh`, `tradewind-ssh` or `providers/ssh`.

    Raises:
        ValueError: there is none; the message has all.
    """
    wanted = f"providers/{Path(name).name.removeprefix('tradewind-').replace('_', '-')}"
    if wanted not in provider_folders(root):
        known = ", ".join(Path(each).name for each in provider_folders(root))
        raise ValueError(f"there is no provider {name!r} in {root / 'providers'}; there are {known}")
    return wanted
