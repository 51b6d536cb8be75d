"""Test all providers alone, from their wheels, offline and on their services, with the newest and the oldest client libraries."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from distributions.alone import foreign
from distributions.found import ROOT, dependencies_of, named_folder, provider_folders
from distributions.git import git

MOST_MINUTES = 20
ENDED = re.compile(r"^\d+ \w+.* in [\d.]+s\b.*$", re.MULTILINE)
HEAD = """<!-- Written by `nox -s providers -- --record {file}`. -->
# Providers tested alone

Each provider's wheel with what it needs and nothing else of this repository: all of its tests, offline and on the services that
they start, with the newest client libraries and with the oldest that it allows. CI runs the same tests in one environment, where
a provider might live on what another one brought; `nox -s providers` runs these before a release. Where there is no client library,
there is one run.

{day}, commit {commit}, Python {python}, {jobs} at a time: **{minutes:.1f} minutes** (at most {most}).

| Provider | Client libraries | Tests | Seconds |
| --- | --- | --- | --- |
"""


class Ended(NamedTuple):
    """How a provider's suites ended.

    Arguments:
        name: of the provider, such as sqlite.
        clients: with which client libraries.
        told: pytest's last line.
        seconds: with building and installing.
        failure: all that was printed, where something failed; else empty.
    """

    name: str
    clients: str
    told: str
    seconds: float
    failure: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as sqlite; all by default")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time; the processors by default"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write how it went into a page")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    names = [Path(named_folder(each)).name for each in options.names] or [
        Path(each).name for each in provider_folders()
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(_ended, name, oldest=oldest) for name, oldest in runs_of(names)]
        ended = [each.result() for each in waiting]
    minutes = (time.monotonic() - began) / 60
    if options.record:
        options.record.write_text(_page(options, ended, minutes), encoding="utf-8")
    failed = [each for each in ended if each.failure]
    for each in failed:
        print(f"== {each.name} with {each.clients}\n{each.failure}", file=sys.stderr)
    print(f"{len(ended)} suites in {minutes:.1f} minutes, {len(failed)} failed")
    if minutes > MOST_MINUTES:
        print(
            f"It may take {MOST_MINUTES} minutes at most: find what grew, or give it more processors", file=sys.stderr
        )
    return 1 if failed or minutes > MOST_MINUTES else 0


def runs_of(names: Sequence[str], root: Path = ROOT) -> list[tuple[str, bool]]:
    """Return the runs, as name and whether with the oldest clients: a provider without a client library has one run."""
    has_client = {name: bool(foreign(dependencies_of(root / named_folder(name, root)))) for name in names}
    return [(name, oldest) for name in names for oldest in (False, True) if has_client[name] or not oldest]


def _ended(name: str, *, oldest: bool) -> Ended:
    """Test a provider in a process of its own, as several print at once otherwise."""
    began = time.monotonic()
    words = ["alone", name, *(["--oldest"] if oldest else []), "--pytest", "-q"]
    done = subprocess.run(
        [sys.executable, "-m", "distributions", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    pinned = re.search(r"^the oldest: (.*)$", done.stdout, re.MULTILINE)
    clients = (pinned[1] if pinned else "the oldest") if oldest else "the newest"
    told = (ENDED.findall(done.stdout) or ["pytest did not end"])[-1].rpartition(" in ")[0]
    ended = Ended(name, clients, told, time.monotonic() - began, done.stdout if done.returncode else "")
    print(f"{name} with {clients}: {told} in {ended.seconds:.0f} s", flush=True)
    return ended


def _page(options: argparse.Namespace, ended: Sequence[Ended], minutes: float) -> str:
    day = datetime.now(timezone.utc).date()
    head = HEAD.format(
        file=options.record,
        day=day,
        commit=git("rev-parse", "--short=10", "HEAD").strip(),
        python=platform.python_version(),
        jobs=options.jobs,
        minutes=minutes,
        most=MOST_MINUTES,
    )
    return head + "".join(f"| {each.name} | {each.clients} | {each.told} | {each.seconds:.0f} |\n" for each in ended)
