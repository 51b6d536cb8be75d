"""What the tests of providers ran against, counted from `@pytest.mark.backed_by(…)`.

As a plugin of pytest (`-p distributions.counting`) it writes the counts of what was collected to the file that
`TRADEWIND_COUNTS` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from distributions.found import ROOT
from distributions.selection import GREEN

BACKINGS = ("real", "emulator", "emulated state", "recorded", "offline")
TARGET = "TRADEWIND_COUNTS"
Counts = Mapping[str, Mapping[str, int]]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the counts: provider -> `backing` or `backing: service` -> tests."""
    found: dict[str, Counter[str]] = {}
    for item in session.items:
        provider = item.path.relative_to(ROOT / "providers").parts[0]
        found.setdefault(provider, Counter())[backing_of(item)] += 1
    Path(os.environ[TARGET]).write_text(json.dumps(found, sort_keys=True), encoding="utf-8")


def backing_of(item: pytest.Item) -> str:
    """Return what a test runs against: the nearest marker says so; without one, or of the kit's tests that need none, nothing."""
    marker = None if item.get_closest_marker("offline") else item.get_closest_marker("backed_by")
    words = [str(each) for each in marker.args] if marker else ["offline"]
    if words[0] not in BACKINGS:
        raise pytest.UsageError(f"{item.nodeid} is backed_by({words[0]!r}); it is one of {', '.join(BACKINGS)}")
    return ": ".join(words)


def count_tests(root: Path = ROOT) -> Counts:
    """Collect the tests of all providers in a process of their own and return the counts.

    Raises:
        RuntimeError: they cannot be collected; the message has what pytest said.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "counts.json"
        quiet = ["--collect-only", "-qq", "-p", "no:randomly", "-p", "no:xdist", "-p", "distributions.counting"]
        known = {name: value for name, value in os.environ.items() if name != GREEN}  # it leaves tests out
        environment = {**known, TARGET: str(target), "PYTHONPATH": str(root / "scripts")}
        command = [sys.executable, "-m", "pytest", *quiet, str(root / "providers")]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not target.exists():
            raise RuntimeError(f"the providers' tests cannot be collected:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        counts: Counts = json.loads(target.read_text(encoding="utf-8"))
        return counts


def summed(counts: Mapping[str, int], backing: str) -> int:
    """Return how many tests have a backing, whatever the service."""
    return sum(number for name, number in counts.items() if name.partition(": ")[0] == backing)
