"""Variables: named values that DAGs read.

Who may read variables sees their values, as in Airflow 2; but of those whose key tells of a secret (`api_token`), and of
such names inside a value that is JSON, they see stars, as in Airflow 3. Sending the stars back changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from tradewind.metadata import credentials
from tradewind.metadata.credentials import Answer
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import variables
from tradewind.metadata.statements.variables import Variable
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError, InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging
from tradewind.operations.starring import STARS, starred_variable, unstarred_variable
from tradewind.plugins.secrets import configured_secrets


@operation("variables.list")
def list_variables(context: Context, *, page: Paging, pattern: str | None = None) -> Page[Variable]:
    """Return the variables in the database, by key or in another order of `variables.ORDERS`; secrets are stars.

    What secrets backends have is not listed: they can only be asked for one. Values whose key is lost are stars, too: one of
    them does not hide all others.

    Arguments:
        pattern: those only that have this text in their key or their description.
    """
    with context.read() as connection:
        total = variables.count(connection, pattern=pattern)
        rows = variables.page(
            connection,
            cipher=_cipher(context),
            limit=page.limit,
            offset=page.offset,
            order_by=page.order_by,
            is_descending=page.is_descending,
            unreadable=STARS,
            pattern=pattern,
        )
    return Page([_shown(each) for each in rows], total)


@operation("variables.get")
def get_variable(context: Context, *, key: str) -> Variable:
    """Return a variable of the database; a secret is stars.

    Raises:
        NotFoundError: there is no variable of that key.
    """
    with context.read() as connection:
        return _shown(_require(connection, key, _cipher(context)))


@operation("variables.explain")
def explain_variable(context: Context, *, key: str) -> dict[str, list[Answer]]:
    """Return under `places` what each place says of a variable, in the order in which they are asked; its value is not shown.

    All are asked, also those behind the one whose answer counts. That there is none anywhere is no error here.
    """
    secrets = configured_secrets(context.tools.config.plugins)
    found = credentials.explain_variable(context.tools.database, key, cipher=_cipher(context), secrets=secrets)
    return {"places": found}


@operation("variables.create")
def create_variable(context: Context, *, key: str, value: str, description: str | None = None) -> Variable:
    """Create a variable. One that is there is changed, as in Airflow, if the caller may change variables too.

    Raises:
        ConflictError: there is one of that key, and the caller may only create.
    """
    cipher = _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> Variable:
        found = variables.get_variable(connection, key, cipher=cipher)
        if found is not None and not context.may("variables.change"):
            raise ConflictError(f"There already is a variable {key!r}.")
        entry.before = None if found is None else _told(found)
        text = unstarred_variable(key, value, None if found is None else found.value)
        return _set(connection, entry, Variable(key, text, description), cipher)

    return context.change(work, wakes=())


@operation("variables.change")
def change_variable(context: Context, *, key: str, values: Mapping[str, Any]) -> Variable:
    """Change a variable.

    Arguments:
        values: any of `key` (which must be the same), `value` and `description`; what is left out stays.
    Raises:
        NotFoundError: there is no variable of that key.
        InvalidError: it would get another key.
    """
    if values.get("key", key) != key:
        raise InvalidError("key", f"Variable {key!r} cannot be renamed: create {values['key']!r} beside it.")
    cipher = _cipher(context)

    def work(connection: sa.Connection, entry: Entry) -> Variable:
        found = _require(connection, key, cipher)
        entry.before = _told(found)
        text = unstarred_variable(key, values.get("value", found.value), found.value)
        return _set(connection, entry, Variable(key, text, values.get("description", found.description)), cipher)

    return context.change(work, wakes=())


@operation("variables.delete")
def delete_variable(context: Context, *, key: str) -> None:
    """Delete a variable.

    Raises:
        NotFoundError: there is no variable of that key.
    """

    def work(connection: sa.Connection, entry: Entry) -> None:
        entry.before = {"key": key}
        if not variables.delete_variable(connection, key):
            raise _unknown(key)

    context.change(work, wakes=())


def _set(connection: sa.Connection, entry: Entry, wanted: Variable, cipher: Cipher) -> Variable:
    entry.after = _told(wanted)
    variables.set_variable(connection, wanted.key, wanted.value, description=wanted.description, cipher=cipher)
    if wanted.description is None:
        variables.forget_description(connection, wanted.key)
    return _shown(wanted)


def _require(connection: sa.Connection, key: str, cipher: Cipher) -> Variable:
    found = variables.get_variable(connection, key, cipher=cipher)
    if found is None:
        raise _unknown(key)
    return found


def _unknown(key: str) -> NotFoundError:
    return NotFoundError(f"There is no variable {key!r}.", error_id="no-such-variable")


def _shown(each: Variable) -> Variable:
    return Variable(each.key, starred_variable(each.key, each.value), each.description)


def _told(each: Variable) -> dict[str, Any]:
    """Return what the audit log tells of a variable: never its value, as nobody knows what is secret in it."""
    return {"key": each.key, "value": STARS, "description": each.description}


def _cipher(context: Context) -> Cipher:
    return open_cipher(context.tools.config.security.fernet_key, context.tools.config.home)
