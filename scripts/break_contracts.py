"""Does the gate notice? Breaks a contract in copies of the repository, and tells which checks fail there.

A name of the contract is renamed wherever it stands, as by an editor: everything in the repository fits together, and only a
provider that was released before fails. The runtime for Airflow 1.10 is broken: only the second host fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
RENAMED = ("naming_errors", "telling_errors")
RUNTIME = "backport/runtime/src/tradewind_plugins/airflow_host.py"

CHECKS = {
    "the provider as it is here, alone from its wheel": ("-m", "distributions", "alone", "sqlite", "--pytest", "-q"),
    "released providers (nox -s contract)": ("-m", "distributions", "contract"),
    "Airflow 1.10 (nox -s backport)": ("-m", "pytest", "-q", "-n", "0", "backport/tests/test_providers.py"),
}


def rename(copy: Path) -> None:
    """Rename a function of the contract in all files of a copy."""
    old, new = RENAMED
    listed = subprocess.run(["git", "grep", "-lw", old], cwd=copy, capture_output=True, text=True, check=True).stdout
    for path in (copy / name for name in listed.splitlines() if name.endswith((".py", ".json"))):
        path.write_text(re.sub(rf"\b{old}\b", new, path.read_text(encoding="utf-8")), encoding="utf-8")


def break_runtime(copy: Path) -> None:
    """Have the host for Airflow 1.10 give no connections."""
    path = copy / RUNTIME
    text = path.read_text(encoding="utf-8")
    broken = text.replace("def connection(self", "def connection_of(self")
    if broken == text:
        sys.exit(f"{RUNTIME} has no method connection to break: say in {__file__} what to break instead")
    path.write_text(broken, encoding="utf-8")


def leave(_copy: Path) -> None:
    """Change nothing."""


TRIALS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "nothing changed": (leave, set()),
    f"{RENAMED[0]} is {RENAMED[1]} everywhere": (rename, {"released providers (nox -s contract)"}),
    "the runtime for Airflow 1.10 gives no connections": (break_runtime, {"Airflow 1.10 (nox -s backport)"}),
}


def main() -> int:
    """Run all trials, print what fails in each, and return 1 where that is something else than it should be."""
    wrong = []
    for name, (change, expected) in TRIALS.items():
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="tradewind-broken-") as folder:
            copy = Path(folder) / "copy"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
            change(copy)
            failed = {check for check, command in CHECKS.items() if not passes(copy, check, command)}
        if failed != expected:
            wrong.append(f"{name}: {sorted(failed) or 'nothing'} failed, and {sorted(expected) or 'nothing'} should")
    print("\n".join(wrong) or "Exactly the checks failed that should.")
    return 1 if wrong else 0


def passes(copy: Path, name: str, command: tuple[str, ...]) -> bool:
    """Run a check in a copy, print how it ended, and return whether it passed."""
    known = {key: value for key, value in os.environ.items() if key != "TRADEWIND_GREEN"}
    environment = {**known, "PYTHONPATH": str(copy / "scripts"), "CI_REQUIRE_BACKPORT": "1"}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if line.strip()]
    first = [line for line in told if line.startswith(("E   ", "FAILED", "ERROR"))][:2] if done.returncode else []
    print(f"{'FAILS' if done.returncode else 'holds'}: {name}", *first, *told[-1:], sep="\n    ", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
