"""Which providers' full suites a change needs, and whether it touches the contract that all are written against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distributions.found import ROOT, distributions, kit_folders, needed_folders, provider_folders, settings_of
from distributions.git import changed_paths, git
from distributions.rows import last_releases

CONTRACT = "plugins-api"
SHARED = ("scripts/services/", "conftest.py", "pyproject.toml", "noxfile.py")
"""What every provider's tests are run with."""
MOST_RELEASED = 2
GREEN = "TRADEWIND_GREEN"
"""The variable with the last commit that is known as green."""


class Selection(NamedTuple):
    """What to run after a change.

    Arguments:
        full: the folders of the providers whose full suites run.
        is_contract: the contract changed: the second host and released wheels are tested too.
        released: distributions whose released wheels are tested against the contract as it is now.
        why: a sentence for the log.
    """

    full: Sequence[str]
    is_contract: bool
    released: Sequence[str]
    why: str


def select(since: str | None, root: Path = ROOT) -> Selection:
    """Return what to run since a commit that was green; all where none is known."""
    everything = provider_folders(root)
    if not since or not _is_known(since, root):
        why = f"{since} is no commit before this one" if since else "no green commit is known"
        return Selection(everything, True, released_to_test(root), f"{why}: everything")
    paths = changed_paths(since, root)
    kit = tuple(f"{folder}/" for folder in kit_folders(root))
    contract = [path for path in paths if path.startswith(f"{CONTRACT}/src/") or path == f"{CONTRACT}/pyproject.toml"]
    if contract:
        return Selection(everything, True, released_to_test(root), f"{contract[0]} is of the contract: everything")
    shared = [path for path in paths if path.startswith((*SHARED, *kit))]
    if shared:
        return Selection(everything, False, [], f"{shared[0]} is of all providers' tests: everything")
    changed = [folder for folder in everything if any(path.startswith(f"{folder}/") for path in paths)]
    full = [each for each in everything if set(needed_folders([each], root, ["tests"])) & set(changed)]
    return Selection(
        full, False, [], f"{len(changed)} providers changed, and {len(full) - len(changed)} need one of them"
    )


def _is_known(commit: str, root: Path) -> bool:
    try:
        git("merge-base", "--is-ancestor", commit, "HEAD", root=root)
    except RuntimeError:
        return False
    return True


def released_to_test(root: Path = ROOT) -> list[str]:
    """Return the released providers that are tested against another contract: few, as every change of it waits for them.

    Those whose tests start no service and need no other provider come first, and of them those that were released longest ago:
    they know least of what has changed since.
    """
    ours = {name: folder for name, folder in distributions(root).items() if folder.startswith("providers/")}
    latest = [name for name in last_releases(root) if name in ours]

    def cost(name: str) -> tuple[bool, int]:
        folder = ours[name]
        others = [each for each in needed_folders([folder], root, ["tests"]) if each.startswith("providers/")]
        return bool(settings_of(root / folder).get("services")), len(others)

    return sorted(latest, key=cost)[:MOST_RELEASED]
