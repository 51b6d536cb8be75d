"""API tokens: what programs say who they are with."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import open_operations, when_missing
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.tokens import Token
from tradewind.operations import tokens


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    new = verbs.add("create", create_token, remote=True)
    new.add_argument("-u", "--username", help="the user who acts by it; by a server, you yourself if it is left out")
    new.add_argument("-n", "--name", required=True, help="what it is for")
    new.add_argument("--days", type=float, help="how long it is good for (default: security.token_days)")
    new.add_argument("--scope", action="append", metavar="PATTERN", help="operations, such as runs.* (default: all)")
    new.add_argument("--dag-id", action="append", help="a DAG that it is for (default: all)")
    add_output_option(new)
    listed = verbs.add("list", list_tokens, remote=True)
    listed.add_argument("-u", "--username", help="of this user only")
    add_output_option(listed)
    verbs.add("revoke", revoke_token, remote=True).add_argument(
        "token", help="the first part of it, as `tokens list` shows it"
    )


def create_token(options: argparse.Namespace) -> None:
    """Make an API token for a user, and print it, this once."""
    if options.username is None and not options.server:
        raise CommandError("Say which user acts by it: --username NAME.", exit_code=2, error_id="wrong-usage")
    with open_operations(options) as operations:
        new = operations.ask(
            tokens.create_token,
            username=options.username,
            name=options.name,
            days=options.days,
            scopes=options.scope,
            dags=options.dag_id,
        )
    made = new.made
    if options.output == "table":
        print(f"{new.token}  (shown only this once, good until {made.expires_at.isoformat(timespec='seconds')})")
    else:
        print_rows([{"token": new.token, "id": made.lookup, "expires_at": made.expires_at}], options.output)


def list_tokens(options: argparse.Namespace) -> None:
    """List API tokens, without what is secret of them; by a server one's own, or all for who may list users."""
    with open_operations(options) as operations:
        found = operations.ask_all(tokens.list_tokens, username=options.username, everybody=True)
    print_rows([_shown(each) for each in found], options.output, empty="No API tokens: tradewind tokens create …")


def revoke_token(options: argparse.Namespace) -> None:
    """Revoke an API token, at once and for good."""
    lookup = options.token.removeprefix("twd_")[:12]  # no more of it stands in a URL
    unknown = f"There is no API token {lookup} that was not revoked: `tradewind tokens list` shows all."
    with open_operations(options) as operations, when_missing(unknown, "no-such-token"):
        operations.ask(tokens.revoke_token, lookup=lookup, everybody=True)
    print(f"API token {lookup} is revoked.")


def _shown(token: Token) -> dict[str, Any]:
    return {
        "id": token.lookup,
        "user": token.username,
        "name": token.name,
        "scopes": token.scopes,
        "dags": token.dags,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
