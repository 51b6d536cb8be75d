"""`python tests/chaos/run.py --minutes 30 --database mariadb --seed 7`: what `nox -s chaos` does."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "scripts")]

from chaos.measure import outage, take_over  # noqa: E402
from chaos.play import play  # noqa: E402  (the folder of this package is not on the path of a script)
from chaos.stage import SHORT_LEASES  # noqa: E402


def main(words: list[str]) -> int:
    """Play, print the figures, and return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="how long the fleet is struck")
    parser.add_argument("--database", choices=["postgresql", "mariadb"], default="postgresql")
    parser.add_argument("--seed", type=int, default=0, help="draws strikes and runs")
    parser.add_argument("--every", type=float, default=1.5, help="seconds between two strikes, on average")
    parser.add_argument("--default-leases", action="store_true", help="10 s, and a grace of 600 s")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--takeover", action="store_true", help="measure take-overs and an outage instead")
    parser.add_argument("--remote", action="store_true", help="workers know a web server, not the database")
    parser.add_argument("--outage", action="store_true", help="kill the web server for so many minutes instead")
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say = partial(print, flush=True)
    if options.takeover or options.outage:
        if options.outage:
            figures = outage(options.database, seconds=options.minutes * 60, is_remote=True).figures()
        else:
            figures = [*outage(options.database).figures(), *take_over(options.database, say=say)]
        print(f"{options.database}:", *figures, sep="\n")
        if options.json:
            options.json.write_text(json.dumps([asdict(each) for each in figures], indent=1))
        return 0 if all(each.holds for each in figures) else 1
    played = play(
        options.database,
        options.seed,
        options.minutes * 60,
        every=options.every,
        leases={} if options.default_leases else SHORT_LEASES,
        is_remote=options.remote,
        say=say,
    )
    if options.json:
        options.json.write_text(played.as_json())
    print(played.as_table())
    return 1 if played.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
