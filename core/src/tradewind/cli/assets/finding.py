"""Finding the asset that a command names."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.operating import Operations
from tradewind.metadata.statements.asset_pages import AssetPageRow
from tradewind.metadata.statements.assets import ALIAS, ASSET
from tradewind.operations.datasets.reading import list_datasets

KINDS = (ASSET, ALIAS)


def add_asset_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names an asset, and the options by which Airflow 3 asks for it; `find_asset` reads them."""
    parser.add_argument("asset", nargs="?", help="its URI or name")
    parser.add_argument("--name", help="the asset with this name")
    parser.add_argument("--uri", help="the asset with this URI")


def find_asset(operations: Operations, options: argparse.Namespace) -> AssetPageRow:
    """Return the asset or alias that the options name.

    Raises:
        CommandError: none is named, or there is none.
    """
    named = [each for each in (options.asset, options.name, options.uri) if each is not None]
    if len(named) != 1:
        raise CommandError("Name one asset, by its URI or name.", exit_code=2, error_id="wrong-usage")
    return asset_named(operations, named[0])


def asset_named(operations: Operations, name: str) -> AssetPageRow:
    """Return the asset or alias with this URI or name.

    Raises:
        CommandError: there is none, or there are several; the message names the nearest.
    """
    found = operations.ask_all(list_datasets, named=name, kinds=KINDS)
    if not found:
        known = [each.name for each in operations.ask_all(list_datasets, kinds=KINDS)]
        near = did_you_mean(name, known) or ": `tradewind assets list` shows all."
        raise CommandError(f"There is no asset {name!r}{near}", error_id="no-such-asset")
    if len(found) > 1:
        uris = ", ".join(each.uri for each in found)
        raise CommandError(f"Several assets are called {name!r}; name its URI: {uris}.", error_id="wrong-usage")
    return found[0]
