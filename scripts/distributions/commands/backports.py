"""Build the backports for Airflow 1.10 as they are published: the runtime, and providers with their release notes."""

from __future__ import annotations

import argparse
from pathlib import Path

from tradewind_backport_builder.build import build_runtime

from distributions.backports import build_backport
from distributions.facts import read_provider
from distributions.found import ROOT, lowered_folders, named_folder
from distributions.release_notes import notes


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("out", type=Path, help="the folder of wheels")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as ssh; all that are lowered by default")
    parser.add_argument("--notes", action="store_true", help="write the release notes alone, NAME.md each")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    folders = [named_folder(each) for each in options.names] or lowered_folders()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.notes:
        print(build_runtime(ROOT, options.out))
    for folder in folders:
        if options.notes:
            path = options.out / f"{Path(folder).name}.md"
            path.write_text(notes(read_provider(folder)), encoding="utf-8")
            print(path)
        else:
            print(build_backport(folder, options.out))
