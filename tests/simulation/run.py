"""Run seeds of the simulation: `python tests/simulation/run.py --seeds 200`, or one again: `--seed 17 --trace`."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
for folder in (FOLDER.parent, FOLDER.parents[1] / "scripts"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from services.mariadb import mariadb_server  # noqa: E402  (found through the path set above)
from services.postgres import postgres_server  # noqa: E402  (found through the path set above)
from simulation.mutants import MUTANTS, mutated  # noqa: E402
from simulation.play import Failure, Stage, play, shrink  # noqa: E402
from simulation.scenario import generate  # noqa: E402

SERVERS = {"postgresql": postgres_server, "mariadb": mariadb_server}


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments say; the exit code is 1 when a seed failed."""
    options = _parser().parse_args(arguments)
    if options.jobs > 1 and options.seed is None:
        return _side_by_side(options)
    seeds = (
        [options.seed] if options.seed is not None else range(options.first_seed, options.first_seed + options.seeds)
    )
    started = time.monotonic()
    with _database(options.database) as database, mutated(options.mutant, database.database):
        for number, seed in enumerate(seeds, 1):
            failure = play(generate(seed), database)
            if failure is not None:
                return _report(failure, database, options)
            if sys.stdout.isatty() or number % 50 == 0 or number == len(seeds):
                print(f"\r{number} of {len(seeds)} seeds, {time.monotonic() - started:.1f} s", end="", flush=True)
    print(f"\nall {len(seeds)} seeds hold")
    return 0


def _side_by_side(options: argparse.Namespace) -> int:
    """Run shares of the seeds in processes of their own; each says for itself what failed, and how to see it again."""
    share = -(-options.seeds // options.jobs)
    last = options.first_seed + options.seeds
    commands = [
        [sys.executable, __file__, "--first-seed", str(first), "--seeds", str(min(share, last - first))]
        + ["--database", options.database, *(["--mutant", options.mutant] if options.mutant else [])]
        + ["--trace"] * options.trace
        + ["--no-shrink"] * options.no_shrink
        for first in range(options.first_seed, last, share)
    ]
    processes = [subprocess.Popen(command) for command in commands]
    return max(process.wait() for process in processes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (default: 200)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side, each with its share of the seeds")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break the product in this way: the run must fail")
    parser.add_argument("--database", choices=("sqlite", *SERVERS), default="sqlite")
    parser.add_argument("--trace", action="store_true", help="show every step of the failing seed")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for a smaller world that fails too")
    return parser


@contextlib.contextmanager
def _database(kind: str) -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(SERVERS.get(kind, _sqlite_file)())
        stage = Stage(url)
        stack.callback(stage.close)
        yield stage


@contextlib.contextmanager
def _sqlite_file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/simulation.db"


def _report(failure: Failure, database: Stage, options: argparse.Namespace) -> int:
    seed = failure.scenario.seed
    print(f"\nseed {seed} fails: {failure.text}")
    if not options.no_shrink:
        failure = shrink(failure, database)
        print(f"smallest world found:\n{failure.scenario.describe()}\n  {failure.text}")
    shown = failure.trace if options.trace else failure.trace[-15:]
    print("\n".join(shown))
    again = f"--mutant {options.mutant} " if options.mutant else ""
    print(f"again: python tests/simulation/run.py {again}--database {options.database} --seed {seed} --trace")
    return 1


if __name__ == "__main__":
    sys.exit(main())
