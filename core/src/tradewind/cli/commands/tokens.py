"""API tokens: what programs say who they are with."""

from __future__ import annotations

import argparse
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.audit import record
from tradewind.access.tokens import NewToken, TokenRequestError, make_token
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.accounts import CLOCK, opened
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.config.sections import SecuritySection
from tradewind.metadata.statements import tokens
from tradewind.metadata.statements.tokens import Token


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    new = verbs.add("create", create_token)
    new.add_argument("-u", "--username", required=True, help="the user who acts by it")
    new.add_argument("-n", "--name", required=True, help="what it is for")
    new.add_argument("--days", type=float, help="how long it is good for (default: security.token_days)")
    new.add_argument("--scope", action="append", metavar="PATTERN", help="operations, such as runs.* (default: all)")
    new.add_argument("--dag-id", action="append", help="a DAG that it is for (default: all)")
    add_output_option(new)
    listed = verbs.add("list", list_tokens)
    listed.add_argument("-u", "--username", help="of this user only")
    add_output_option(listed)
    verbs.add("revoke", revoke_token).add_argument("token", help="the first part of it, as `tokens list` shows it")


def create_token(options: argparse.Namespace) -> None:
    """Make an API token for a user, and print it, this once."""
    with opened() as (session, accounts):
        security = session.config.security
        try:
            made = session.database.write(lambda c: _create(c, accounts, options, security), collisions=True)
        except TokenRequestError as error:
            raise CommandError(str(error), error_id="account-refused") from error
    if options.output == "table":
        print(f"{made.text}  (shown only this once, good until {made.expires_at.isoformat(timespec='seconds')})")
    else:
        print_rows([{"token": made.text, "id": made.lookup, "expires_at": made.expires_at}], options.output)


def list_tokens(options: argparse.Namespace) -> None:
    """List API tokens, without what is secret of them."""
    with opened() as (session, accounts), session.database.read() as connection:
        user_id = accounts.find_user(connection, options.username).id if options.username else None
        found = tokens.list_tokens(connection, user_id=user_id)
    print_rows([_shown(each) for each in found], options.output, empty="No API tokens: tradewind tokens create …")


def revoke_token(options: argparse.Namespace) -> None:
    """Revoke an API token, at once and for good."""
    lookup = options.token.removeprefix("twd_")[:12]
    with opened() as (session, accounts):
        if not session.database.write(lambda c: _revoke(c, accounts, lookup), collisions=True):
            raise CommandError(
                f"There is no API token {lookup} that was not revoked: `tradewind tokens list` shows all.",
                error_id="no-such-token",
            )
    print(f"API token {lookup} is revoked.")


def _create(
    connection: sa.Connection, accounts: Accounts, options: argparse.Namespace, security: SecuritySection
) -> NewToken:
    user = accounts.find_user(connection, options.username)
    made = make_token(
        connection,
        user_id=user.id,
        name=options.name,
        scopes=options.scope,
        dags=options.dag_id,
        days=security.token_days if options.days is None else options.days,
        most_days=security.token_days_max,
        now=CLOCK.now(),
        ids=accounts.ids,
    )
    after = {"id": made.lookup, "name": options.name, "username": user.username, "expires_at": made.expires_at}
    more = {"scopes": options.scope, "dags": options.dag_id}
    record(
        connection,
        actor=accounts.actor,
        event="tokens.create",
        now=CLOCK.now(),
        ids=accounts.ids,
        after=after | more,
    )
    return made


def _revoke(connection: sa.Connection, accounts: Accounts, lookup: str) -> bool:
    is_done = tokens.revoke_token(connection, lookup, now=CLOCK.now())
    if is_done:
        before = {"id": lookup}
        record(
            connection, actor=accounts.actor, event="tokens.revoke", now=CLOCK.now(), ids=accounts.ids, before=before
        )
    return is_done


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
