"""The commands of `python -m distributions`: each is a module of this package, imported when it is asked for.

Some need nothing but the standard library, so that nox can run them in a small environment; others need the whole repository.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "write": "write all generated parts: pyproject files, READMEs, docs/providers.md",
    "alone": "test providers alone, from their wheels",
    "backports": "build the backports for Airflow 1.10, with CalVer versions and release notes",
    "changed": "say which providers' full suites must run after a change",
    "changes": "name the distributions that a change touches without a change fragment",
    "constraints": "write which versions of everything fit together, for each Python",
    "contract": "test released providers with the contract and core as they are here",
    "release": "write the next versions and changelogs of what changed; --dry-run only tells them",
    "suites": "test all providers alone, with their newest and their oldest client libraries, and tell how long it took",
    "tags": "make the tags of the releases that have none",
    "wheels": "build wheels of what is here, or --released ones from their commits",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m distributions", description="Work on the distributions.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, told in COMMANDS.items():
        command = commands.add_parser(name, help=told, description=told)
        if words and words[0] == name:
            importlib.import_module(f"distributions.commands.{name}").configure(command)
    options = parser.parse_args(words)
    try:
        return int(options.run(options) or 0)
    except (RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
