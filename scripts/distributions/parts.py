"""All generated parts of the repository's files."""

from __future__ import annotations

from pathlib import Path

from distributions.found import ROOT
from distributions.generated import Part
from distributions.layers import import_rules


def generated_parts(root: Path = ROOT) -> list[Part]:
    """Return every generated part as it should be."""
    return [import_rules(root)]
