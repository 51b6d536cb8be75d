"""Run seeds of the simulation: `python tests/simulation/run.py --seeds 200`, or one again: `--seed 17 --trace`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
for folder in (FOLDER.parent, FOLDER.parents[1] / "scripts"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from simulation import report  # noqa: E402  (found through the path set above)
from simulation.drawing import generate  # noqa: E402
from simulation.jobs import DATABASES, MIXED, Stages, Tally, database_of, databases, search, side_by_side  # noqa: E402
from simulation.mutants import MUTANTS, mutated  # noqa: E402
from simulation.play import Failure, shrink  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments say; the exit code is 1 when a seed failed, or a mutant lived."""
    options = _parser().parse_args(arguments)
    if options.all_mutants:
        return _all_mutants(options)
    if options.seed is not None:
        return _one(options)
    return _many(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (default: 200)")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no more seeds after so long")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--seed", type=int, help="this seed alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes side by side (default: cores)")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break the product in this way: the run must fail")
    parser.add_argument(
        "--all-mutants", action="store_true", help="for each mutant, look for the first seed it dies of"
    )
    parser.add_argument(
        "--database", choices=(MIXED, *DATABASES), default=MIXED, help="mixed: odd seeds on PostgreSQL, even on SQLite"
    )
    parser.add_argument("--require-faults", action="store_true", help="fail, too, when some fault never struck")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what came of it as JSON")
    parser.add_argument("--log", type=Path, metavar="FILE", help="with --seed: write every statement, in order")
    parser.add_argument("--trace", action="store_true", help="show every step of the failing seed")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for a smaller world that fails too")
    return parser


def _one(options: argparse.Namespace) -> int:
    kind = database_of(options.seed, options.database)
    with databases(kind, 1) as urls:
        stages = Stages(urls[0])
        try:
            stage = stages.get(kind)
            with mutated(options.mutant, stage.database):
                played = stage.play(generate(options.seed), keep_log=options.log is not None)
            if options.log is not None:
                options.log.write_text("\n".join(played.lines) + "\n")
            if played.failure is None:
                print(f"seed {options.seed} holds on {kind}: {played.statements} statements, log {played.digest}")
                return 0
            return _report(played.failure, kind, stages, options)
        finally:
            stages.close()


def _many(options: argparse.Namespace) -> int:
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    jobs = max(1, min(options.jobs, len(seeds) // 20))
    began, tally = time.monotonic(), Tally()
    with databases(options.database, jobs + 1) as urls:
        own = Stages(urls[-1])
        try:
            parts = _parts(seeds, urls[:-1], own, options)
            for part in parts:
                tally.add(part)
                _progress(tally, len(seeds), began)
                if time.monotonic() - began > 60 * options.minutes:
                    break
            parts.close()
            seconds = time.monotonic() - began
            print("\n" + report.as_text(tally, seconds))
            if options.json is not None:
                report.write(options.json, report.as_values(tally, seconds))
            if tally.failures:
                kind, failure = min(tally.failures, key=lambda found: found[1].scenario.seed)
                return _report(failure, kind, own, options)
        finally:
            own.close()
    return _verdict(tally, options)


def _verdict(tally: Tally, options: argparse.Namespace) -> int:
    missing = report.never_fired(tally)
    if options.require_faults and missing:
        print(f"these faults never struck, so that nothing is known of them: {', '.join(missing)}")
        return 1
    print(f"all {sum(tally.seeds.values())} seeds hold")
    return 0


def _parts(
    seeds: Sequence[int], urls: Sequence[dict[str, str]], own: Stages, options: argparse.Namespace
) -> Generator[Tally, None, None]:
    if len(urls) > 1:
        return side_by_side(seeds, urls, options.database, options.mutant)
    return (own.play([seed], options.database, options.mutant) for seed in seeds)


def _progress(tally: Tally, of: int, began: float) -> None:
    done = sum(tally.seeds.values())
    if sys.stdout.isatty() or done % 100 == 0 or done == of:
        took = time.monotonic() - began
        end = "" if sys.stdout.isatty() else "\n"
        print(f"\r{done:,} of {of:,} seeds, {took:.0f} s, {done / took:.1f} a second", end=end, flush=True)


def _all_mutants(options: argparse.Namespace) -> int:
    """Look for the first seed that finds each mutant."""
    found: dict[str, dict[str, object]] = {}
    began = time.monotonic()
    with databases(options.database, 1) as urls:
        stages = Stages(urls[0])
        try:
            for name in sorted(MUTANTS):
                found[name] = search(
                    name, stages, range(options.first_seed, options.first_seed + options.seeds), options.database
                )
                print(f"{name:<40} {found[name]}", flush=True)
        finally:
            stages.close()
    if options.json is not None:
        report.write(options.json, report.as_values(Tally(), time.monotonic() - began, found))
    alive = [name for name, how in found.items() if how["seed"] is None]
    print(f"{len(found) - len(alive)} of {len(found)} mutants are found; alive: {', '.join(alive) or 'none'}")
    return 1 if alive else 0


def _report(failure: Failure, kind: str, stages: Stages, options: argparse.Namespace) -> int:
    seed = failure.scenario.seed
    print(f"\nseed {seed} fails on {kind}: {failure.text}")
    if not options.no_shrink:
        stage = stages.get(kind)
        with mutated(options.mutant, stage.database):
            failure = shrink(failure, stage)
        print(f"smallest world found:\n{failure.scenario.describe()}\n  {failure.text}")
    shown = failure.trace if options.trace else failure.trace[-15:]
    print("\n".join(shown))
    again = f"--mutant {options.mutant} " if options.mutant else ""
    print(f"again: python tests/simulation/run.py {again}--database {kind} --seed {seed} --trace")
    return 1


if __name__ == "__main__":
    # Whoever stops it, the server that it started ends with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
