"""The commands of `python -m distributions`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from distributions import generated
from distributions.found import ROOT
from distributions.parts import generated_parts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m distributions", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    write = commands.add_parser(
        "write", help="write all generated parts of pyproject files, READMEs and docs/providers.md"
    )
    write.set_defaults(run=_write)
    options = parser.parse_args(arguments)
    return int(options.run(options) or 0)


def _write(_options: argparse.Namespace) -> None:
    generated.write(generated_parts(ROOT))


if __name__ == "__main__":
    sys.exit(main())
