"""The README's commands do what it shows, in its order, on the system that its first command starts.

A console block has commands behind `$ ` and what they print. `…` in the output stands for anything. The two scripts are
the gate's to run; here `tradewind standalone` runs as the first one starts it.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FENCE = re.compile(r"(?:Save (?:it|this) as `([^`]+)`[^\n]*\n\n)?```(console|python)\n(.*?)```", re.DOTALL)
PROGRAM = ".venv/bin/tradewind"


@dataclass(frozen=True)
class Step:
    """A file to write, or a command with the output that the README shows."""

    command: str
    text: str


def steps() -> list[Step]:
    """The README's files and commands in order, without the scripts."""
    found = []
    for name, kind, text in FENCE.findall(README):
        if kind == "python":
            assert name, "a Python block of the README says where to save it"
            found.append(Step(f"save {name}", text))
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith(PROGRAM):
                found.append(Step(command, output))
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder with the examples, and `tradewind standalone` running on it."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    environment = os.environ | {"TRADEWIND_HOME": str(folder / "home"), "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tradewind", "standalone", "--dags-folder", "examples", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    patience = threading.Timer(60, process.kill)
    patience.start()
    lines = itertools.takewhile(lambda line: not line.startswith("Listening on "), process.stdout)
    started = list(lines)
    patience.cancel()
    assert process.poll() is None, "".join(started)
    yield folder, environment
    process.send_signal(signal.SIGINT)
    with process.stdout:
        rest = process.stdout.read()
    assert process.wait(60) == 0, rest


def matches(shown: str, real: str) -> bool:
    """Whether every line shown is among the real ones, in order; `…` stands for anything."""
    lines = iter([line.rstrip() for line in real.splitlines()])
    for wanted in shown.splitlines():
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.rstrip().split("…")))
        if wanted.strip() and not any(pattern.fullmatch(line) for line in lines):
            return False
    return True


def test_the_readme_has_its_two_commands() -> None:
    assert "$ scripts/quickstart\n" in README
    assert "$ scripts/test\n" in README


def test_the_readme_shows_what_its_commands_print(system: tuple[Path, dict[str, str]]) -> None:
    folder, environment = system
    todo = steps()
    assert len(todo) >= 5
    for step in todo:
        if step.command.startswith("save "):
            path = folder / step.command.removeprefix("save ")
            path.write_text(step.text)
            continue
        command = [sys.executable, "-m", "tradewind", *shlex.split(step.command)[1:]]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert matches(step.text, done.stdout + done.stderr), (
            f"$ {step.command}\nthe README shows:\n{step.text}\nit printed:\n{done.stdout}{done.stderr}"
        )
