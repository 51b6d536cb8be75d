"""The command line: `check PATH…` and `build --out FOLDER PROVIDER…`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tradewind_backport_builder.build import build_provider, build_runtime
from tradewind_backport_builder.tree import DialectError, check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 where sources do not keep to the dialect, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    try:
        return _check(options) if options.command == "check" else _build(options)
    except DialectError as error:
        print(error, file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2


def _check(options: argparse.Namespace) -> int:
    findings = check(options.paths)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _build(options: argparse.Namespace) -> int:
    if not options.providers or (options.repository / "plugins-api").is_dir():  # whoever has none wants their provider
        print(build_runtime(options.repository, options.out))
    for provider in options.providers:
        print(build_provider(provider, options.out))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tradewind-backport-builder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="say what in these sources Python 3.6 could not run")
    checking.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    building = commands.add_parser("build", help="build the wheels of the runtime and of providers")
    building.add_argument("--repository", type=Path, default=Path(), help="root of the repository (default: here)")
    building.add_argument("--out", type=Path, required=True, help="folder of the wheels")
    building.add_argument("providers", nargs="*", type=Path, metavar="PROVIDER")
    return parser


if __name__ == "__main__":
    sys.exit(main())
