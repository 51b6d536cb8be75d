"""Pools: limits shared by tasks, in slots."""

from __future__ import annotations

import argparse
from pathlib import Path

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.files import read_object, write_json
from tradewind.cli.shared.many_rows import naming
from tradewind.cli.shared.operating import open_operations, when_missing
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.pools import Pool
from tradewind.operations import pools
from tradewind.operations.bulk.pools import set_pools
from tradewind.operations.errors import NotFoundError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_pools, remote=True))
    get = verbs.add("get", get_pool, remote=True)
    get.add_argument("pool")
    add_output_option(get)
    change = verbs.add("set", set_pool, remote=True)
    change.add_argument("pool")
    change.add_argument("slots", type=int)
    change.add_argument("description", nargs="?")
    add_output_option(change)
    delete = verbs.add("delete", delete_pool, remote=True)
    delete.add_argument("pool")
    add_output_option(delete)
    verbs.add("export", export_pools, remote=True).add_argument(
        "file", type=Path, help="a JSON file; - is standard output"
    )
    bring = verbs.add("import", import_pools, remote=True)
    bring.add_argument("file", type=Path, help="a JSON or YAML file; - is standard input")


def list_pools(options: argparse.Namespace) -> None:
    """List pools with their slots and who takes them."""
    with open_operations(options) as operations:
        rows = [_shown(each) for each in operations.ask_all(pools.list_pools)]
    print_rows(rows, options.output)


def get_pool(options: argparse.Namespace) -> None:
    """Show one pool."""
    with open_operations(options) as operations, when_missing(_unknown(options.pool), "no-such-pool"):
        row = _shown(operations.ask(pools.get_pool, name=options.pool))
    print_rows([row], options.output)


def set_pool(options: argparse.Namespace) -> None:
    """Create a pool, or change its slots."""
    if options.slots < 0:
        raise CommandError(
            f"Pool {options.pool!r} cannot have {options.slots} slots: give 0 or more.",
            exit_code=2,
            error_id="wrong-usage",
        )
    values = {"name": options.pool, "slots": options.slots, "description": options.description}
    with open_operations(options) as operations:
        try:
            row = operations.ask(pools.change_pool, **values)
        except NotFoundError:
            row = operations.ask(pools.create_pool, **values)
    if options.output == "table":
        print(f"Pool {options.pool} has {options.slots} slots.")
    else:
        print_rows([_shown(row)], options.output)


def delete_pool(options: argparse.Namespace) -> None:
    """Delete a pool."""
    with open_operations(options) as operations, when_missing(_unknown(options.pool), "no-such-pool"):
        operations.ask(pools.delete_pool, name=options.pool)
    if options.output == "table":
        print(f"Pool {options.pool} is deleted.")
    else:
        print_rows([{"pool": options.pool, "deleted": True}], options.output)


def export_pools(options: argparse.Namespace) -> None:
    """Write all pools to a JSON file."""
    with open_operations(options) as operations:
        found = operations.ask_all(pools.list_pools)
    named = {each.name: {"slots": each.slots, "description": each.description or ""} for each in found}
    write_json(options.file, named, what=f"{len(found)} pools")


def import_pools(options: argparse.Namespace) -> None:
    """Create or change the pools of a JSON or YAML file, `{"name": {"slots": 4, "description": "…"}}`: all or none."""
    given = read_object(options.file, "pools")
    for name, each in given.items():
        slots = each.get("slots") if isinstance(each, dict) else None
        if not isinstance(slots, int) or isinstance(slots, bool) or slots < 0:
            raise CommandError(
                f"Pool {name!r} of {options.file} has no number of slots from 0 on: write "
                f'{{"{name}": {{"slots": 4, "description": ""}}}}.',
                error_id="file-invalid",
            )
    rows = [
        {"name": name, "slots": each["slots"], "description": each.get("description")} for name, each in given.items()
    ]
    if rows:
        with open_operations(options) as operations, naming(rows, "name"):
            operations.ask(set_pools, rows=rows, overwrite=True)
    print(f"{len(rows)} pools are set.")


def _shown(pool: Pool) -> dict[str, object]:
    return {
        "pool": pool.name,
        "slots": pool.slots,
        "queued": pool.queued,
        "running": pool.running,
        "description": pool.description,
    }


def _unknown(name: str) -> str:
    return f"There is no pool {name!r}: `tradewind pools list` shows all."
