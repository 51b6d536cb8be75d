"""`tradewind-perf`: measure Tradewind, judge the figures by its goals, and compare with Apache Airflow."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from tradewind_perf import report
from tradewind_perf.compare import tables
from tradewind_perf.compare.cells import SCENARIOS, Book, Wanted, compare
from tradewind_perf.compare.peers import PEERS
from tradewind_perf.results import Result, read_folder, save
from tradewind_perf.runner import run_scenario
from tradewind_perf.scenario import Scenario
from tradewind_perf.scenarios.catalogue import CATALOGUE
from tradewind_perf.servers import KINDS, Servers


def main() -> None:
    """Run the command line; exits with 1 when `--check` finds a goal that is not reached, or a failure."""
    # Left on by a cautious shell, it makes each daemon compile its modules anew
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # What was started is ended on SIGTERM too, as on Ctrl+C: `timeout` sends it
    signal.signal(signal.SIGTERM, _end)
    sys.exit(run(sys.argv[1:]))


def _end(_signal: int, _frame: object) -> None:
    # A second one, to the process group, must not interrupt the ending
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def run(words: list[str]) -> int:
    """Do what a command line says and return the exit code."""
    options = _parser().parse_args(words)
    code: int = options.act(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tradewind-perf", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="say which scenarios there are, with their goals")
    listing.set_defaults(act=_list)
    running = commands.add_parser("run", help="measure scenarios, all by default")
    running.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="see `tradewind-perf list`")
    running.add_argument(
        "--database", choices=KINDS, action="append", help="may stand several times (default: postgresql)"
    )
    running.add_argument("--repeat", type=int, default=5, metavar="N", help="runs, of which the median counts (5)")
    running.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="share of the full size, to try a scenario"
    )
    running.add_argument(
        "--json", type=Path, metavar="FILE", help="also write results, beside those of other scenarios"
    )
    running.add_argument(
        "--check", action="store_true", help="exit with 1 when a goal is not reached, or a scenario fails"
    )
    running.set_defaults(act=_run)
    reporting = commands.add_parser("report", help="print the tables of a folder of results, in Markdown")
    reporting.add_argument("folder", type=Path, help="with files that `run --json` wrote")
    reporting.add_argument("--compare", type=Path, metavar="WORK", help="also the table of a comparison's folder")
    reporting.add_argument("--page", type=Path, metavar="FILE", help="write it between the marks of this page instead")
    reporting.set_defaults(act=_report)
    comparing = commands.add_parser("compare", help="measure another system in the same run")
    comparing.add_argument("system", choices=["airflow"])
    comparing.add_argument(
        "--work", type=Path, default=Path("perf-compare"), help="kept and used again (./perf-compare)"
    )
    comparing.add_argument("--scenario", choices=SCENARIOS, action="append", help="some only; may stand several times")
    comparing.add_argument("--version", choices=[each.major for each in PEERS], action="append", help="one only")
    comparing.add_argument("--tuned", action="store_true", help="also measure it with the usual settings for speed")
    comparing.add_argument("--repeat", type=int, default=5, metavar="N", help="runs of ours (5); Airflow runs once")
    comparing.add_argument("--minutes", type=float, default=40, help="begin no cell later than that (40)")
    comparing.set_defaults(act=_compare)
    return parser


def _compare(options: argparse.Namespace) -> int:
    work = options.work.absolute()
    wanted = Wanted(
        scenarios=options.scenario or SCENARIOS,
        versions=options.version or [each.major for each in PEERS],
        is_tuned=options.tuned,
        repeat=options.repeat,
    )
    book = compare(work, wanted, minutes=options.minutes)
    found = book.read()
    print(tables.table(found), tables.goals(found), sep="\n\n")
    if found and not tables.plot(found, work / "ratios.png"):
        print("No plot: pip install matplotlib.", file=sys.stderr)
    return 0


def _list(_options: argparse.Namespace) -> int:
    for scenario in CATALOGUE.values():
        print(f"{scenario.name:14} {scenario.sentence} (about {scenario.seconds} s on {scenario.databases[0]})")
        for goal in scenario.goals:
            print(f"{'':14}   goal: {goal}")
    return 0


def _run(options: argparse.Namespace) -> int:
    unknown = [name for name in options.scenarios if name not in CATALOGUE]
    if unknown:
        print(f"There is no scenario {unknown[0]!r}; there are {', '.join(CATALOGUE)}.", file=sys.stderr)
        return 2
    if options.repeat < 1:
        print("--repeat is the number of runs: 1 at least.", file=sys.stderr)
        return 2
    servers, missed = Servers(), 0
    try:
        for name in options.scenarios or CATALOGUE:
            for database in options.database or ["postgresql"]:
                missed += _measure(CATALOGUE[name], database, options, servers)
    finally:
        servers.close()
    return 1 if missed and options.check else 0


def _measure(scenario: Scenario, database: str, options: argparse.Namespace, servers: Servers) -> int:
    """Measure one scenario, print and keep it; return how many goals it misses."""
    if database not in scenario.databases:
        print(f"{scenario.name}: not on {database}", file=sys.stderr)
        return 0
    print(f"{scenario.name} on {database}: {scenario.sentence}", file=sys.stderr, flush=True)
    result = run_scenario(scenario, database, repeat=options.repeat, scale=options.scale, servers=servers)
    if options.json:
        save(options.json, [result])
    _print(result, scenario)
    return report.missed(result, scenario)


def _print(result: Result, scenario: Scenario) -> None:
    print(f"\n{result.scenario}, {result.database} ({report.load_cell(result)}, {result.seconds:.0f} s)")
    if result.skipped:
        print(f"  SKIPPED, not passed: {result.skipped}")
    width = max((len(name) for name in result.figures), default=0)
    verdicts = {goal.figure: (goal, verdict) for goal, verdict in report.judged(result, scenario)}
    for name, figure in result.figures.items():
        goal = f"   {verdicts[name][1].value}: {verdicts[name][0]}" if name in verdicts else ""
        print(f"  {name:{width}}  {figure}{goal}")
    for note in result.notes:
        print(f"  {note}")
    if result.load.is_busy:
        print(f"  WARNING: other processes took {result.load.others:.0%} of the machine: milliseconds are in doubt.")
    sys.stdout.flush()


def _report(options: argparse.Namespace) -> int:
    results = read_folder(options.folder)
    parts = [
        report.machines(results),
        report.goals_table(results, CATALOGUE),
        "All figures, each the median (smallest to largest), with the command that makes it:",
        report.figures_list(results, CATALOGUE),
    ]
    if options.compare:
        found = Book(options.compare / "cells").read()
        parts += [
            "Apache Airflow beside it (`tradewind-perf compare airflow`):",
            tables.table(found),
            tables.goals(found),
        ]
    text = "\n\n".join(parts)
    if not options.page:
        print(text)
        return 0
    try:
        options.page.write_text(report.put_into(options.page.read_text(), text))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    main()
