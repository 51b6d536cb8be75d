"""Tests that failed are run once more, alone, and what passes then is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from distributions.found import ROOT

SECOND_TIME = """
from pathlib import Path

def test_passes_the_second_time():
    mark = Path("mark")
    was_there = mark.exists()
    mark.write_text("")
    assert was_there
"""
FAILS = "def test_fails_{number}():\n    assert False\n"
PASSES = "def test_passes():\n    pass\n"


@pytest.mark.parametrize(
    ("text", "says", "ends"),
    [
        (
            SECOND_TIME + PASSES,
            "UNRELIABLE, to be mended or put into quarantine: test_them.py::test_passes_the_second_time",
            0,
        ),
        (FAILS.format(number=1) + PASSES, "1 failed in", 1),
        (SECOND_TIME + FAILS.format(number=1), "1 failed, 1 passed", 1),
        ("".join(FAILS.format(number=each) for each in range(4)), "4 tests failed, which is no chance", 1),
        (PASSES, "No test is recorded as failed", 1),
        ("import nothing_like_this", "ModuleNotFoundError", 1),
    ],
)
def test_once_more(tmp_path: Path, text: str, says: str, ends: int) -> None:
    (tmp_path / "test_them.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = quarantined\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    run("-m", "pytest", "-q")
    done = run(str(ROOT / "scripts" / "once_more.py"))
    assert says in done.stdout, done.stdout + done.stderr
    assert done.returncode == ends
