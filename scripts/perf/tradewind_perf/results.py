"""Results as JSON: what was measured, where, when, and how busy the machine was."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tradewind_perf.figures import Figure
from tradewind_perf.load import Load


@dataclass(frozen=True)
class Result:
    """One scenario on one database.

    Arguments:
        scenario, database: which.
        figures: by name.
        loads: the machine's, one a run.
        seconds: how long it all took.
        when: UTC, to the minute.
        machine: cores, versions.
        commit: what was measured.
        scale: the share of the scenario's full size that was run; goals are judged at 1 only.
        skipped: why nothing was measured, None where it was.
        has_failed: whether that is a failure, and not something that this machine cannot show.
        notes: sentences that belong to the figures.
    """

    scenario: str
    database: str
    figures: Mapping[str, Figure]
    loads: tuple[Load, ...]
    seconds: float
    when: str
    machine: Mapping[str, str]
    commit: str
    scale: float = 1.0
    skipped: str | None = None
    notes: tuple[str, ...] = field(default=())
    has_failed: bool = False

    @property
    def load(self) -> Load:
        """The worst load of all runs."""
        if not self.loads:
            return Load(0.0, 0.0)
        return Load(max(each.average for each in self.loads), max(each.others for each in self.loads))

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return {
            "scenario": self.scenario,
            "database": self.database,
            "when": self.when,
            "commit": self.commit,
            "machine": dict(self.machine),
            "seconds": round(self.seconds, 1),
            "scale": self.scale,
            "skipped": self.skipped,
            "has_failed": self.has_failed,
            "notes": list(self.notes),
            "figures": {
                name: {"median": each.median, "min": each.low, "max": each.high, "values": list(each.values)}
                for name, each in self.figures.items()
            },
            "loads": [{"average": each.average, "others": round(each.others, 3)} for each in self.loads],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Result:
        """Read what `to_json` wrote."""
        return cls(
            scenario=found["scenario"],
            database=found["database"],
            figures={name: Figure(tuple(each["values"])) for name, each in found["figures"].items()},
            loads=tuple(Load(each["average"], each["others"]) for each in found["loads"]),
            seconds=found["seconds"],
            when=found["when"],
            machine=found["machine"],
            commit=found["commit"],
            scale=found["scale"],
            skipped=found["skipped"],
            notes=tuple(found["notes"]),
            has_failed=found.get("has_failed", False),
        )


def save(path: Path, results: Iterable[Result]) -> None:
    """Write results, whole or not at all; those of the file's other scenarios stay."""
    new = list(results)
    fresh = {(each.scenario, each.database) for each in new}
    kept = [each for each in (read(path) if path.exists() else ()) if (each.scenario, each.database) not in fresh]
    half = path.with_name(path.name + ".half")
    path.parent.mkdir(parents=True, exist_ok=True)
    half.write_text(json.dumps({"results": [each.to_json() for each in kept + new]}, indent=1) + "\n")
    half.replace(path)


def read(path: Path) -> list[Result]:
    """Read a file that `save` wrote."""
    return [Result.from_json(found) for found in json.loads(path.read_text())["results"]]


def read_folder(folder: Path) -> list[Result]:
    """Read all files of a folder; of several results of one scenario and database, the latest."""
    found = [each for path in sorted(folder.glob("*.json")) for each in _read_if_ours(path)]
    latest = {(each.scenario, each.database): each for each in sorted(found, key=lambda each: each.when)}
    return list(latest.values())


def machine() -> dict[str, str]:
    """Describe this machine."""
    return {
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "system": platform.system(),
    }


def now() -> str:
    """Return the minute, in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")


def commit() -> str:
    """Return what is checked out where the kit stands, with a + where files differ from it; empty without git."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _read_if_ours(path: Path) -> list[Result]:
    found = json.loads(path.read_text())
    return [Result.from_json(each) for each in found["results"]] if "results" in found else []
