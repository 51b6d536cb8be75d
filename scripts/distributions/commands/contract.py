"""Test released providers with the contract and core as they are here, and with the oldest contract that core supports."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distributions.contract import oldest_differs, run_released
from distributions.found import distributions
from distributions.selection import GREEN, released_to_test, select
from distributions.sources import OLDEST


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "names", nargs="*", metavar="DISTRIBUTION", help="released providers; two unlike ones by default"
    )
    parser.add_argument(
        "--since",
        metavar="REF",
        default=os.environ.get(GREEN),
        help="do nothing where no contract changed since",
    )
    parser.add_argument("--work", type=Path, help="keep wheels and environments in this folder")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    found = select(options.since)
    print(f"# {found.why}", flush=True)
    if not found.is_contract:
        print("# the contract is as it was: released providers need not be tested")
        return 0
    strange = set(options.names) - set(distributions())
    if strange:
        raise ValueError(f"there is no distribution {', '.join(sorted(strange))}")
    names = options.names or released_to_test()
    contracts = ["", OLDEST] if oldest_differs() else [""]
    with (
        tempfile.TemporaryDirectory(prefix="tradewind-contract-") as folder,
        ThreadPoolExecutor(len(contracts)) as pool,
    ):
        work = (options.work or Path(folder)).absolute()
        # At once: tests of connections that are cut or silent wait more than they work
        waiting = [pool.submit(run_released, names, work / (each or "newest"), each) for each in contracts]
        problems = [problem for each in waiting for problem in each.result()]
    if len(contracts) == 1:
        print("# the oldest contract that core supports is the one that is here")
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0
