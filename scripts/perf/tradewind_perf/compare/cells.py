"""All cells of the comparison, each kept as a JSON file of its own as soon as it is measured, so that a run can go on later."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tradewind_perf.compare import files
from tradewind_perf.compare.airflow import prepared, put
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


def compare(
    work: Path, *, scenarios: Sequence[str], versions: Sequence[str], is_tuned: bool, repeat: int, minutes: float
) -> Book:
    """Measure what is missing: ours, and each Airflow as installed, then, if asked for, tuned.

    Arguments:
        work: the folder of environments, homes and cells; what stands there is used again.
        scenarios: of `SCENARIOS`.
        versions: major versions of Airflow.
        is_tuned: also measure with the usual settings for speed.
        repeat: runs of ours; Airflow runs once.
        minutes: no cell begins later than that.
    """
    work.mkdir(parents=True, exist_ok=True)
    book, deadline = Book(work / "cells"), time.monotonic() + 60 * minutes
    servers = Servers()
    try:
        for step in _steps(book, work, servers, scenarios, versions, is_tuned, repeat):
            if time.monotonic() > deadline:
                _tell(f"{minutes:g} minutes are over: run the same command again, it goes on from here")
                break
            step()
    finally:
        servers.close()
    return book


def _steps(
    book: Book,
    work: Path,
    servers: Servers,
    scenarios: Sequence[str],
    versions: Sequence[str],
    is_tuned: bool,
    repeat: int,
) -> Iterator[Callable[[], None]]:
    """Yield what is still to be done, cell by cell."""
    for scenario in book.missing(OURS, scenarios):
        yield lambda scenario=scenario: _ours(book, servers, scenario, repeat)  # type: ignore[misc]
    for tuned in (False, True) if is_tuned else (False,):
        for peer in PEERS:
            if peer.major in versions:
                yield from _airflow_steps(book, work, servers, peer, scenarios, tuned)


def _ours(book: Book, servers: Servers, scenario: str, repeat: int) -> None:
    def measure() -> Cell:
        return parse_ours(servers, repeat) if scenario == PARSE else run_ours(servers, scenario, repeat)

    book.keep(OURS, scenario, measure, version=commit(), runs=repeat)


def _airflow_steps(
    book: Book, work: Path, servers: Servers, peer: Peer, scenarios: Sequence[str], is_tuned: bool
) -> Iterator[Callable[[], None]]:
    system = f"{peer.name}{' tuned' if is_tuned else ''}"
    missing = book.missing(system, scenarios)
    if not missing:
        return
    _tell(f"{system}: installing and starting")
    peer.install(work)
    with prepared(peer, work, servers, is_tuned=is_tuned) as airflow:
        if PARSE in missing:
            yield lambda: book.keep(system, PARSE, lambda: parse_cell(airflow), version=peer.version, runs=1)
        runs = [each for each in missing if each != PARSE]
        if runs:
            put(airflow, *runs)
            airflow.start()
        for name in runs:
            yield lambda name=name: book.keep(  # type: ignore[misc]
                system, name, lambda: run_cell(airflow, name), version=peer.version, runs=1
            )


def _tell(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)


__all__ = ["OURS", "PARSE", "SCENARIOS", "Book", "compare"]
