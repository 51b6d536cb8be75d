"""What core knows of the providers: which one to install for a name, and its extras `tradewind[NAME]`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from distributions.facts import Provider, compatible_range
from distributions.found import ROOT, read_pyproject
from distributions.generated import Part

KINDS = (
    "command",
    "connection type",
    "executor",
    "log store",
    "notifier",
    "operator",
    "secrets backend",
    "sensor",
    "task decorator",
    "trigger",
    "XCom storage",
)
"""The kinds whose names people may write before they install what has them."""


def known_names(providers: Sequence[Provider], root: Path = ROOT) -> Part:
    """Return the table of names by provider and kind, which core reads when it has to say what to install."""
    table = {
        each.short: {kind: names for kind in KINDS if (names := sorted(one.name for one in each.of_kind(kind)))}
        for each in providers
    }
    return Part(root / "core/src/tradewind/plugins/known.json", "", json.dumps(table, indent=1))


def extras(providers: Sequence[Provider], root: Path = ROOT) -> Part:
    """Return core's extras: its own, which its `[tool.tradewind.extras]` has, and one for each provider.

    A name that is both brings both: `tradewind[postgres]` is the driver for the metadata database, and the provider.
    """
    project = root / "core"
    wanted = {name: [*own] for name, own in read_pyproject(project)["tool"]["tradewind"]["extras"].items()}
    for each in providers:
        wanted.setdefault(each.short, []).append(f"{each.name}{compatible_range(each.version)}")
    lines = [f"{name} = {json.dumps(requirements)}" for name, requirements in sorted(wanted.items())]
    return Part(project / "pyproject.toml", "extras", "\n".join(["[project.optional-dependencies]", *lines]))
