"""The ledger: what tasks wrote when their code began and ended, read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

START, SUCCESS, FAILED = "start", "success", "failed"
FULL = "full:"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger.

    Arguments:
        word: `start`, `success`, `failed`, or `full:` and the name of a lock that was held by others.
        at: ns since the machine's start, the same clock for all processes.
    """

    word: str
    at: int
    pid: int
    worker: str
    instance: int
    token: int
    try_number: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a task's code.

    Arguments:
        end: the line that it wrote at its end; None where the process was killed before.
    """

    start: Line
    end: Line | None

    @property
    def key(self) -> tuple[int, int]:
        """Instance and token."""
        return self.start.instance, self.start.token


def read_ledger(folder: Path) -> list[Line]:
    """Return all hosts' lines by the time they were written."""
    return sorted((line for path in folder.iterdir() for line in _lines(path.read_text())), key=lambda line: line.at)


def _lines(text: str) -> Iterator[Line]:
    for line in text.splitlines():
        word, at, pid, worker, instance, token, try_number, dag_id, run_id, task_id, map_index = line.split()
        numbers = (int(instance), int(token), int(try_number))
        yield Line(word, int(at), int(pid), worker, *numbers, dag_id, run_id, task_id, int(map_index))


def executions(lines: Iterable[Line]) -> list[Execution]:
    """Return what was executed, by the time it began; a second start of one (instance, token) is one more."""
    begun: dict[tuple[int, int, int], Line] = {}
    found: list[Execution] = []
    for line in lines:
        key = (line.instance, line.token, line.pid)
        if line.word == START:
            if key in begun:
                found.append(Execution(begun[key], None))
            begun[key] = line
        elif line.word in {SUCCESS, FAILED}:
            found.append(Execution(begun.pop(key), line))
    found += [Execution(line, None) for line in begun.values()]
    return sorted(found, key=lambda each: each.start.at)
