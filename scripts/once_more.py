"""Run tests that failed once more, alone: `python scripts/once_more.py`, after pytest has failed in this folder.

Among thousands of tests that share two cores with real servers, one may fail by the load. What passes now is named as unreliable,
so that somebody mends it or puts it into quarantine; what fails twice is a failure, and so are more than a few.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
AT_MOST = 3
"""Tests that may fail the first time: where more do, it is no chance."""


def main() -> int:
    """Return 0 where what failed passes now, else 1."""
    failed = sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    if not failed:
        print("No test is recorded as failed: it was not a test that ended the run.")
        return 1
    if len(failed) > AT_MOST:
        print(f"{len(failed)} tests failed, which is no chance: they are not run again.")
        return 1
    print(f"Once more, alone: {', '.join(failed)}", flush=True)
    words = ["--last-failed", "--last-failed-no-failures", "none", "-m", "not quarantined"]
    if subprocess.run([sys.executable, "-m", "pytest", *words], check=False).returncode:
        return 1
    print("\n".join(f"UNRELIABLE, to be mended or put into quarantine: {test}" for test in failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
