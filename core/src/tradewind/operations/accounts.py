"""What operations on users, roles and tokens share: the changes themselves are `access.accounts`', with their audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from tradewind.access.accounts import AccountError, Accounts, TakenError, UnknownRoleError, UnknownUserError
from tradewind.access.passwords import WeakPasswordError
from tradewind.operations.context import Context
from tradewind.operations.errors import ConflictError, InvalidError, NotFoundError

Result = TypeVar("Result")


def change_accounts(
    context: Context, work: Callable[[sa.Connection, Accounts], Result], *, field: str, role_field: str | None = None
) -> Result:
    """Change users or roles in one transaction and return what the change returns.

    Arguments:
        work: makes the change; it writes the audit log.
        field: the argument that is wrong where nothing more is known.
        role_field: the argument that names roles; None where the role is what the operation is about.
    Raises:
        NotFoundError, ConflictError, InvalidError: as the change says.
    """
    tools = context.tools
    shortest, rule = tools.config.security.password_length, tools.password_rule
    accounts = Accounts(context.actor, tools.clock.now, context.ids, shortest=shortest, validate=rule)
    try:
        return tools.database.write(lambda connection: work(connection, accounts), collisions=True)
    except UnknownUserError as error:
        raise NotFoundError(str(error), error_id="no-such-user") from error
    except UnknownRoleError as error:
        if role_field is None:
            raise NotFoundError(str(error), error_id="no-such-role") from error
        raise InvalidError(role_field, str(error), error_id="no-such-role") from error
    except TakenError as error:
        raise ConflictError(str(error)) from error
    except AccountError as error:
        raise InvalidError(field, str(error), error_id="account-refused") from error
    except WeakPasswordError as error:
        raise InvalidError("password", str(error), error_id="password-refused") from error
