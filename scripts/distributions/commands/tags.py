"""Make the tags of all releases that have none: `tradewind-sqlite-0.1.0`."""

from __future__ import annotations

import argparse

from distributions.git import git
from distributions.rows import read_releases


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=_run)


def _run(_options: argparse.Namespace) -> None:
    known = set(git("tag", "--list").split())
    for each in read_releases():
        if each.tag not in known:
            git("tag", "--annotate", "--message", f"{each.distribution} {each.version}", each.tag, each.commit)
            print(f"tagged {each.tag}")
