"""The README's commands do what it shows, in its order, on the system that its first command starts.

The two scripts are the gate's to run; here `tradewind standalone` runs as the first one starts it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_readme_has_its_two_commands() -> None:
    assert "$ scripts/quickstart\n" in README
    assert "$ scripts/test\n" in README


@pytest.mark.long
def test_the_readme_shows_what_its_commands_print(follow, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    follow(README, ".venv/bin/tradewind", "--dags-folder", "examples", home=tmp_path / "home")
