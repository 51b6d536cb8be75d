"""Pools: limits shared by tasks, in slots."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import open_session
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
    verbs.add("delete", delete_pool).add_argument("pool")


def list_pools(options: argparse.Namespace) -> None:
    """List pools with their slots and who takes them."""
    with open_session() as session, session.database.read() as connection:
        print_rows([_shown(each) for each in pools.list_pools(connection)], options.output)


def get_pool(options: argparse.Namespace) -> None:
    """Show one pool."""
    with open_session() as session, session.database.read() as connection:
        rows = [_shown(each) for each in pools.list_pools(connection) if each.name == options.pool]
    if not rows:
        raise CommandError(_unknown(options.pool))
    print_rows(rows, options.output)


def set_pool(options: argparse.Namespace) -> None:
    """Create a pool, or change its slots."""
    if options.slots < 0:
        raise CommandError(f"Pool {options.pool!r} cannot have {options.slots} slots: give 0 or more.", exit_code=2)
    with open_session() as session:
        session.database.write(
            lambda c: pools.set_pool(c, options.pool, slots=options.slots, description=options.description)
        )
    print(f"Pool {options.pool} has {options.slots} slots.")


def delete_pool(options: argparse.Namespace) -> None:
    """Delete a pool."""
    if options.pool == pools.DEFAULT_POOL:
        raise CommandError(f"{pools.DEFAULT_POOL} cannot be deleted: tasks that name no pool run there.")
    with open_session() as session:
        if not session.database.write(lambda c: pools.delete_pool(c, options.pool)):
            raise CommandError(_unknown(options.pool))
    print(f"Pool {options.pool} is deleted.")


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
