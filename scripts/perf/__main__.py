"""`python -m perf [SCENARIO …] [--database sqlite|postgresql] [--json]`: measure, and print a table in Markdown."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys

from perf.scenarios import SCENARIOS


def main() -> None:
    """Run the scenarios asked for, all by default, on both databases by default."""
    parser = argparse.ArgumentParser(prog="nox -s perf --", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"any of {', '.join(SCENARIOS)} (default: all)"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"unknown scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    rows = []
    for name in options.scenarios or SCENARIOS:
        for database in options.database or ("sqlite", "postgresql"):
            print(f"{name} on {database} …", file=sys.stderr, flush=True)
            row = {"scenario": name, "database": database} | dict(SCENARIOS[name](database))
            row["load"] = round(os.getloadavg()[0], 1)
            rows.append(row)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    for row in rows:
        print(
            f"- {row['scenario']}, {row['database']}: "
            + ", ".join(f"{key} {value}" for key, value in list(row.items())[2:])
        )


if __name__ == "__main__":
    main()
