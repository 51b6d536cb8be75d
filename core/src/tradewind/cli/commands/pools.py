"""Pools: limits shared by tasks, in slots."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.files import read_object, write_json
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import pools


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_pools))
    get = verbs.add("get", get_pool)
    get.add_argument("pool")
    add_output_option(get)
    change = verbs.add("set", set_pool)
    change.add_argument("pool")
    change.add_argument("slots", type=int)
    change.add_argument("description", nargs="?")
    add_output_option(change)
    delete = verbs.add("delete", delete_pool)
    delete.add_argument("pool")
    add_output_option(delete)
    verbs.add("export", export_pools).add_argument("file", type=Path, help="a JSON file; - is standard output")
    bring = verbs.add("import", import_pools)
    bring.add_argument("file", type=Path, help="a JSON or YAML file; - is standard input")


def list_pools(options: argparse.Namespace) -> None:
    """List pools with their slots and who takes them."""
    with open_session() as session, session.database.read() as connection:
        print_rows([_shown(each) for each in pools.list_pools(connection)], options.output)


def get_pool(options: argparse.Namespace) -> None:
    """Show one pool."""
    with open_session() as session, session.database.read() as connection:
        rows = [_shown(each) for each in pools.list_pools(connection) if each.name == options.pool]
    if not rows:
        raise CommandError(_unknown(options.pool), error_id="no-such-pool")
    print_rows(rows, options.output)


def set_pool(options: argparse.Namespace) -> None:
    """Create a pool, or change its slots."""
    if options.slots < 0:
        raise CommandError(
            f"Pool {options.pool!r} cannot have {options.slots} slots: give 0 or more.",
            exit_code=2,
            error_id="wrong-usage",
        )
    with open_session() as session:
        session.database.write(
            lambda c: pools.set_pool(c, options.pool, slots=options.slots, description=options.description)
        )
        wake_schedulers(session)
    if options.output == "table":
        print(f"Pool {options.pool} has {options.slots} slots.")
    else:
        get_pool(options)


def delete_pool(options: argparse.Namespace) -> None:
    """Delete a pool."""
    if options.pool == pools.DEFAULT_POOL:
        raise CommandError(
            f"{pools.DEFAULT_POOL} cannot be deleted: tasks that name no pool run there.", error_id="pool-protected"
        )
    with open_session() as session:
        if not session.database.write(lambda c: pools.delete_pool(c, options.pool)):
            raise CommandError(_unknown(options.pool), error_id="no-such-pool")
    if options.output == "table":
        print(f"Pool {options.pool} is deleted.")
    else:
        print_rows([{"pool": options.pool, "deleted": True}], options.output)


def export_pools(options: argparse.Namespace) -> None:
    """Write all pools to a JSON file."""
    with open_session() as session, session.database.read() as connection:
        found = pools.list_pools(connection)
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
    with open_session() as session:
        session.database.write(lambda c: _set_all(c, given))
    print(f"{len(given)} pools are set.")


def _set_all(connection: sa.Connection, given: dict[str, dict[str, Any]]) -> None:
    for name, each in given.items():
        pools.set_pool(connection, name, slots=each["slots"], description=each.get("description"))


def _shown(pool: pools.Pool) -> dict[str, object]:
    return {
        "pool": pool.name,
        "slots": pool.slots,
        "queued": pool.queued,
        "running": pool.running,
        "description": pool.description,
    }


def _unknown(name: str) -> str:
    return f"There is no pool {name!r}: `tradewind pools list` shows all."
