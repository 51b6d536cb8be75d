"""The commands of `python -m distributions`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from distributions import generated
from distributions.alone import AloneError, run_alone
from distributions.found import ROOT, named_folder, provider_folders
from distributions.parts import generated_parts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m distributions", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    write = commands.add_parser(
        "write", help="write all generated parts of pyproject files, READMEs and docs/providers.md"
    )
    write.set_defaults(run=_write)
    alone = commands.add_parser("alone", help="test providers alone, from their wheels")
    alone.add_argument("names", nargs="+", metavar="NAME", help="such as sqlite; `all` for all")
    alone.add_argument(
        "--oldest", action="store_true", help="with the oldest client libraries they allow, not the newest"
    )
    alone.add_argument("--work", type=Path, help="keep wheels and environments in this folder")
    alone.add_argument("--pytest", nargs=argparse.REMAINDER, default=[], help="all words after it go to pytest")
    alone.set_defaults(run=_alone)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except (AloneError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2


def _write(_options: argparse.Namespace) -> None:
    generated.write(generated_parts(ROOT))


def _alone(options: argparse.Namespace) -> int:
    names = provider_folders() if options.names == ["all"] else [named_folder(each) for each in options.names]
    failed = []
    with tempfile.TemporaryDirectory(prefix="tradewind-alone-") as folder:
        for each in names:
            print(f"== {each} alone, {'oldest' if options.oldest else 'newest'} client libraries", flush=True)
            work = (options.work or Path(folder)).absolute() / Path(each).name
            work.mkdir(parents=True, exist_ok=True)
            if run_alone(each, work, options.pytest, oldest=options.oldest):
                failed.append(each)
    print("".join(f"failed alone: {each}\n" for each in failed), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
