"""Say which providers' full suites must run after a change."""

from __future__ import annotations

import argparse
import json

from distributions.selection import select


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--since", metavar="REF", help="the last commit that is known as green; without it, everything")
    parser.add_argument("--json", action="store_true", help="print one object: full, is_contract, released, why")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    found = select(options.since)
    if options.json:
        print(json.dumps(found._asdict()))
        return
    print(f"# {found.why}")
    for folder in found.full:
        print(folder)
    if found.is_contract:
        print(f"# the contract: also the second host, and released wheels of {', '.join(found.released) or 'nothing'}")
