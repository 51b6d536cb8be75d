"""Name the distributions that a change touches without saying what it means to their users."""

from __future__ import annotations

import argparse

from distributions.found import distributions
from distributions.fragments import KINDS, without_fragment
from distributions.git import changed_paths
from distributions.rows import last_releases


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--since", required=True, metavar="REF", help="the commit that the change begins at")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    missing = without_fragment(changed_paths(options.since), last_releases())
    for name, paths in missing.items():
        print(
            f"{name} has no change fragment for {', '.join(paths)}: write {distributions()[name]}/changes/<anything>.md "
            f"with the first line 'KIND: A sentence.' (KIND: {', '.join(KINDS)})"
        )
    return 1 if missing else 0
