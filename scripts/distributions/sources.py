"""Where the distributions that a provider is tested with are built from: what is here, or releases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from distributions.found import (
    KIT,
    ROOT,
    dependencies_of,
    distributions,
    groups_of,
    kit_folders,
    name_of,
    read_pyproject,
    required_name,
)
from distributions.git import export
from distributions.rows import Release, last_releases, read_releases

CONTRACT = "tradewind-plugins-api"
OLDEST = "oldest"


def sources_of(
    folder: str, work: Path, *, released: bool = False, contract: str = "", with_kit: bool | None = None
) -> dict[str, Path]:
    """Return the folder to build of each distribution of ours that a provider and its tests need, the provider's first.

    Arguments:
        folder: the provider's, relative to the root; or any other provider's, anywhere.
        work: where the sources of releases are written.
        released: the provider as it was last released, with its siblings as they were last released.
        contract: the version of the plugins API, `oldest` for the oldest that core supports; empty for the one here.
        with_kit: whether the conformance kit that is here comes too; by default where the contract is the one here.

    Raises:
        ValueError: there is no such release.
    """
    here = {name: ROOT / each for name, each in distributions().items()}
    rows = last_releases() if released else {}

    first = name_of(ROOT / folder)
    here[first] = ROOT / folder

    def source(name: str) -> Path:
        if name == CONTRACT:
            return _release(contract_release(contract), work) if contract else here[name]
        is_ours = str(here[name]).startswith(str(ROOT / "providers"))
        return _release(rows[name], work) if is_ours and name in rows else here[name]

    if released and first not in rows:
        raise ValueError(f"{first} has no release in releases.toml")
    return _closure(first, source, set(here), with_kit=not contract if with_kit is None else with_kit)


def _closure(first: str, source: Callable[[str], Path], known: set[str], *, with_kit: bool) -> dict[str, Path]:
    """Return the sources of a distribution and all that it needs; its tests' dependencies count too."""
    wanted = [first, *([name_of(ROOT / KIT)] if with_kit and kit_folders() else [])]
    found: dict[str, Path] = {}
    for name in wanted:  # grows while it is walked
        found[name] = source(name)
        needed = dependencies_of(found[name])
        if name == first:
            needed = [*needed, *groups_of([str(found[name])], "tests", Path())]
        wanted += [each for each in map(required_name, needed) if each in known and each not in wanted]
    return found


def contract_release(wanted: str) -> Release:
    """Return the release of the plugins API of this version, or the oldest that core supports. Raises ValueError."""
    found = find_contract(wanted)
    if found is None:
        raise ValueError(f"releases.toml has no {CONTRACT} {wanted}")
    return found


def find_contract(wanted: str) -> Release | None:
    """Return the release of the plugins API of this version, or the oldest that core supports.

    None where there is no such release: core may need what comes with the next one.
    """
    rows = [each for each in read_releases() if each.distribution == CONTRACT]
    if wanted == OLDEST:
        # Here, as only this question needs more than the standard library
        from packaging.requirements import Requirement  # noqa: PLC0415

        needed = next(each for each in dependencies_of(ROOT / "core") if required_name(each) == CONTRACT)
        rows = [each for each in rows if Requirement(needed).specifier.contains(each.version)]
    else:
        rows = [each for each in rows if each.version == wanted]
    return rows[0] if rows else None


def _release(row: Release, work: Path) -> Path:
    out = work / "released" / row.tag
    folder = distributions()[row.distribution]
    return out / folder if (out / folder).exists() else export(row.commit, folder, out)


def version_of(folder: Path) -> str:
    """Return the version of the distribution in a folder."""
    return str(read_pyproject(folder)["project"]["version"])
