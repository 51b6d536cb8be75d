"""Show the installed plugins and what they declare."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.plugins.current import registry
from tradewind.plugins.kinds import KINDS


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    add_output_option(parser)
    verbs = Verbs(parser, default=list_plugins)
    add_output_option(verbs.add("list", list_plugins, remote=True))
    catalogue = verbs.add("catalogue", list_declared)
    catalogue.add_argument("kind", nargs="?", choices=sorted(KINDS), metavar="KIND", help=f"one of {', '.join(KINDS)}")
    add_output_option(catalogue)


def list_plugins(options: argparse.Namespace) -> None:
    """List the plugins in the order in which they win, and the hooks they implement; what was left out is on stderr."""
    if options.server:
        # What it left out stands in its own log
        print_rows(import_module("tradewind.cli.installation.there").plugins(options), options.output)
        return
    known = registry()
    rows = [
        {"plugin": plugin.module, "distribution": plugin.distribution, "hooks": ", ".join(hooks)}
        for plugin, hooks in zip(known.plugins, known.catalogue.hooks, strict=True)
    ]
    print_rows(rows, options.output)
    for problem in known.problems:
        print(f"Left out: {problem}", file=sys.stderr)


def list_declared(options: argparse.Namespace) -> None:
    """List what the plugins declare: operators, sensors, connection types and more, or one kind of them."""
    known = registry()
    kinds = [options.kind] if options.kind else list(KINDS)
    rows = [
        {
            "kind": kind,
            "name": declared.name,
            "import": declared.path.replace(":", "."),
            "distribution": known.plugins[entry.plugin].distribution,
            "summary": declared.summary,
        }
        for kind in kinds
        for declared, entry in zip(known.all(kind), known.catalogue.entries.get(kind, {}).values(), strict=True)
    ]
    print_rows(rows, options.output, empty="No plugin declares any.")
