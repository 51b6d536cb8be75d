"""What is generated from the distributions is as they are, and what they say of themselves is whole."""

from __future__ import annotations

import pytest
from distributions.generated import COMMAND, Part
from distributions.parts import generated_parts

PARTS = generated_parts()


@pytest.mark.parametrize(
    "part", PARTS, ids=lambda part: f"{part.path.parent.name}/{part.path.name}: {part.name or 'all'}"
)
def test_generated_parts_are_current(part: Part) -> None:
    assert not part.is_stale(), f"{part.path} says something else than what it is made of; run: {COMMAND}"
