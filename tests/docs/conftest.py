"""Pages whose commands are run: files to save and console blocks, in their order, on a real `tradewind standalone`.

A console block has commands behind `$ ` and what they print; `…` in the output stands for anything. A Python block comes
after the words "Save this as `path`".
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

FENCE = re.compile(r"(?:Save (?:it|this) as `([^`]+)`[^\n]*\n\n)?```(console|python)\n(.*?)```", re.DOTALL)
PATIENCE = 60.0
PROGRAM = f"{shlex.quote(sys.executable)} -m tradewind"


@dataclass(frozen=True)
class Step:
    """A file to write, or a command with the output that the page shows."""

    text: str
    file: str | None = None
    command: str = ""


def steps(page: str, program: str) -> list[Step]:
    """Return a page's files and commands in order; of the commands those of `program`, and `touch`."""
    found = []
    for name, kind, text in FENCE.findall(page):
        if kind == "python":
            assert name, f"this Python block does not say where to save it:\n{text}"
            found.append(Step(text, file=name))
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("touch "):
                found.append(Step(output, command=command))
            if command.startswith(f"{program} "):
                found.append(Step(output, command=PROGRAM + command.removeprefix(program)))
    return found


def matches(shown: str, real: str) -> bool:
    """Whether every line shown is among the real ones, in order; `…` stands for anything."""
    lines = iter([line.rstrip() for line in real.splitlines()])
    for wanted in shown.splitlines():
        pattern = re.compile(".*".join(re.escape(part) for part in wanted.rstrip().split("…")))
        if wanted.strip() not in ("", "…") and not any(pattern.fullmatch(line) for line in lines):
            return False
    return True


def run_command(step: Step, folder: Path, environment: Mapping[str, str]) -> None:
    """Run the step's command in a folder and compare what it prints with what the page shows."""
    done = subprocess.run(
        ["bash", "-c", step.command],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert matches(step.text, done.stdout + done.stderr), (
        f"$ {step.command}\nthe page shows:\n{step.text}\nit printed:\n{done.stdout}{done.stderr}"
    )


class Standalone:
    """A `tradewind standalone` that runs in a folder, and what a reader of a page does beside it.

    Arguments:
        folder: where the page's files are saved and its commands run; the commands' TRADEWIND_HOME is `home`.
        words: options of `standalone`.
    """

    def __init__(self, folder: Path, home: Path, words: list[str]) -> None:
        self.folder = folder
        self.environment = os.environ | {"TRADEWIND_HOME": str(home), "COLUMNS": "120", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "tradewind", "standalone", "--port", "0", *words]
        self._process = subprocess.Popen(
            command, cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = re.findall(r"http://[^ ,;]+", self.wait_for("Listening on "))[0].rstrip(".")

    def follow(self, step: Step) -> None:
        """Save the step's file and wait until it was read, or run its command and compare what it prints."""
        if step.file is not None:
            (self.folder / step.file).write_text(step.text)
            self.wait_for(rf"tradewind\.parsing\.processor: {re.escape(Path(step.file).name)}\b")
            return
        run_command(step, self.folder, self.environment)

    def wait_for(self, pattern: str) -> str:
        """Read what it prints up to the line that has the pattern, and return that line."""
        while True:
            line = self._lines.get(timeout=PATIENCE)
            assert line is not None, f"it ended before it said {pattern!r}:\n{''.join(self._said)}"
            self._said.append(line)
            if re.search(pattern, line):
                return line

    def stop(self) -> None:
        """Stop it as Ctrl+C does; it must end cleanly."""
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert code == 0, "".join(self._said)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(None)


@pytest.fixture
def follow(tmp_path: Path) -> Callable[..., None]:
    """Follow a page from top to bottom; arguments: its text, the name of the program, and options of `standalone`."""

    def run(page: str, program: str, *words: str, home: Path = tmp_path, at_least: int = 5) -> None:
        todo = steps(page, program)
        assert len(todo) >= at_least
        with running(tmp_path, home, list(words)) as system:
            for step in todo:
                system.follow(step)

    return run


@pytest.fixture
def standalone() -> Iterator[Callable[[Path, Mapping[str, str]], Standalone]]:
    """Start a `standalone` in a folder, with DAG files that it has read; it is stopped at the end."""
    with ExitStack() as stack:

        def start(folder: Path, dags: Mapping[str, str]) -> Standalone:
            system = stack.enter_context(running(folder, folder, []))
            for name, text in dags.items():
                system.follow(Step(text, file=f"dags/{name}"))
            return system

        yield start


@pytest.fixture
def follow_commands(tmp_path: Path) -> Callable[..., None]:
    """Follow a page whose commands need no daemon; arguments: its text and the name of the program."""

    def run(page: str, program: str, at_least: int = 3) -> None:
        todo = steps(page, program)
        assert len(todo) >= at_least
        for step in todo:
            if step.file is not None:
                (tmp_path / step.file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / step.file).write_text(step.text)
            else:
                run_command(step, tmp_path, os.environ | {"TRADEWIND_HOME": str(tmp_path / "home"), "COLUMNS": "120"})

    return run


@contextmanager
def running(folder: Path, home: Path, words: list[str]) -> Iterator[Standalone]:
    """Run `tradewind standalone` until the block ends."""
    system = Standalone(folder, home, words)
    try:
        yield system
    finally:
        system.stop()
