"""All cells of the comparison, each kept as a JSON file of its own as soon as it is measured, so that a run can go on later."""

from __future__ import annotations

import functools
import json
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tradewind_perf.compare import files
from tradewind_perf.compare.airflow import Airflow, prepared, put
from tradewind_perf.compare.measuring import Cell, parse_cell, run_cell
from tradewind_perf.compare.ours import parse_ours, run_ours
from tradewind_perf.compare.peers import PEERS, Peer
from tradewind_perf.load import LoadWatch
from tradewind_perf.results import commit, machine, now
from tradewind_perf.servers import Servers

PARSE = "parse200"
SCENARIOS = (*files.RUNS, PARSE)
OURS = "Tradewind"


@dataclass(frozen=True)
class Wanted:
    """What a comparison is to measure.

    Arguments:
        scenarios: of `SCENARIOS`.
        versions: major versions of Airflow.
        is_tuned: also measure it with the usual settings for speed.
        repeat: runs of ours; Airflow runs once.
    """

    scenarios: Sequence[str] = SCENARIOS
    versions: Sequence[str] = tuple(peer.major for peer in PEERS)
    is_tuned: bool = False
    repeat: int = 5


@dataclass(frozen=True)
class Book:
    """The folder of measured cells.

    Arguments:
        folder: one JSON file for each cell.
    """

    folder: Path

    def has(self, system: str, scenario: str) -> bool:
        """Tell whether a cell was measured."""
        return self._path(system, scenario).exists()

    def missing(self, system: str, scenarios: Sequence[str]) -> list[str]:
        """Return the scenarios that a system still lacks."""
        return [each for each in scenarios if not self.has(system, each)]

    def keep(self, system: str, scenario: str, measure: Callable[[], Cell], **about: object) -> None:
        """Measure a cell and write it, with the machine's load; a cell that fails is told and tried again next time."""
        _tell(f"{system}: {scenario}")
        watch, began = LoadWatch(), time.monotonic()
        try:
            figures = measure()
        except Exception as error:  # noqa: BLE001  (one cell that fails must not cost the others)
            traceback.print_exc()
            _tell(f"{system}: {scenario} failed: {error}")
            return
        load = watch.look()
        found = {
            "system": system,
            "scenario": scenario,
            "figures": figures,
            "load": {"average": load.average, "others": round(load.others, 3)},
            "seconds": round(time.monotonic() - began, 1),
            "when": now(),
            "commit": commit(),
            "machine": machine(),
        } | about
        self.folder.mkdir(parents=True, exist_ok=True)
        half = self._path(system, scenario).with_suffix(".half")
        half.write_text(json.dumps(found, indent=1) + "\n")
        half.replace(self._path(system, scenario))

    def read(self) -> list[dict[str, object]]:
        """Return all cells."""
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]

    def _path(self, system: str, scenario: str) -> Path:
        return self.folder / f"{system.replace(' ', '-').lower()}--{scenario}.json"


def compare(work: Path, wanted: Wanted, *, minutes: float) -> Book:
    """Measure what is missing: ours, and each Airflow as installed, then, if asked for, tuned.

    Arguments:
        work: the folder of environments, homes and cells; what stands there is used again.
        minutes: no cell begins later than that.
    """
    work.mkdir(parents=True, exist_ok=True)
    book, deadline = Book(work / "cells"), time.monotonic() + 60 * minutes
    servers = Servers()
    steps = _steps(book, work, servers, wanted)
    try:
        for step in steps:
            if time.monotonic() > deadline:
                _tell(f"{minutes:g} minutes are over: run the same command again, it goes on from here")
                break
            step()
    finally:
        steps.close()  # ends the Airflow that runs, before its database
        servers.close()
    return book


Step = Callable[[], None]


def _steps(book: Book, work: Path, servers: Servers, wanted: Wanted) -> Generator[Step, None, None]:
    """Yield what is still to be done, cell by cell."""
    for scenario in book.missing(OURS, wanted.scenarios):
        yield functools.partial(_ours, book, servers, scenario, wanted.repeat)
    for is_tuned in (False, True) if wanted.is_tuned else (False,):
        for peer in PEERS:
            missing = book.missing(_name(peer, is_tuned), wanted.scenarios)
            if peer.major in wanted.versions and missing:
                _tell(f"{_name(peer, is_tuned)}: installing and starting")
                peer.install(work)
                with prepared(peer, work, servers, is_tuned=is_tuned) as airflow:
                    yield from _airflow_steps(book, airflow, missing)


def _name(peer: Peer, is_tuned: bool) -> str:
    return f"{peer.name}{' tuned' if is_tuned else ''}"


def _ours(book: Book, servers: Servers, scenario: str, repeat: int) -> None:
    def measure() -> Cell:
        return parse_ours(servers, repeat) if scenario == PARSE else run_ours(servers, scenario, repeat)

    book.keep(OURS, scenario, measure, version=commit(), runs=repeat)


def _airflow_steps(book: Book, airflow: Airflow, missing: Sequence[str]) -> Iterator[Step]:
    system = _name(airflow.peer, airflow.is_tuned)

    def keep(name: str, measure: Callable[[], Cell]) -> None:
        book.keep(system, name, measure, version=airflow.peer.version, runs=1)

    if PARSE in missing:
        yield functools.partial(keep, PARSE, functools.partial(parse_cell, airflow))
    runs = [each for each in missing if each != PARSE]
    if runs:
        put(airflow, *runs)
        airflow.start()
    for name in runs:
        yield functools.partial(keep, name, functools.partial(run_cell, airflow, name))


def _tell(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)
