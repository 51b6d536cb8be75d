"""The tutorial, followed from its first file to its last command."""

from __future__ import annotations

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


@pytest.mark.long
def test_the_tutorial_can_be_followed(follow) -> None:
    follow(PAGE.read_text(), "tradewind", at_least=25)
