"""Editors follow the types: fixtures checked by mypy and by pyright."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long_module

FIXTURES = Path(__file__).parent / "typing"


def refused_lines() -> set[int]:
    lines = (FIXTURES / "refused.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# refused")}


def mypy_lines(*names: str, cache: Path) -> dict[str, set[int]]:
    """The lines that mypy refuses, by file; one call, as it reads all that they import."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={cache}"]
    command += [str(FIXTURES / name) for name in names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {name: {int(found) for found in re.findall(rf"{name}:(\d+): error", done.stdout)} for name in names}


def pyright_lines(*names: str) -> dict[str, set[int]]:
    """The lines that pyright refuses, by file; one call, as its start takes seconds."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    command += [str(FIXTURES / name) for name in names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, set[int]] = {name: set() for name in names}
    for report in json.loads(done.stdout)["generalDiagnostics"]:
        if report["severity"] == "error":
            found[Path(report["file"]).name].add(report["range"]["start"]["line"] + 1)
    return found


def test_mypy_follows(tmp_path):
    found = mypy_lines("accepted.py", "refused.py", cache=tmp_path)
    assert found == {"accepted.py": set(), "refused.py": refused_lines()}


def test_pyright_follows():
    assert pyright_lines("accepted.py", "refused.py") == {"accepted.py": set(), "refused.py": refused_lines()}
