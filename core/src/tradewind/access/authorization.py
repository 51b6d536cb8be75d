"""The one function that decides whether somebody may do something. Default is deny."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tradewind.access.actors import Actor
from tradewind.access.operations import OF_ONE_DAG, Operation, Permission, Scope


class DeniedError(PermissionError):
    """Somebody may not do something; the text says what is missing."""


def authorize(actor: Actor, operation: Operation, dag_id: str | None = None) -> None:
    """Return if the actor may do the operation.

    Arguments:
        dag_id: the DAG that it is about. None for an operation about many: it is allowed to those who may do it with one
            DAG at least, and `allowed_dags` says with which.
    Raises:
        DeniedError: naming the permission that is missing, never what exists.
    """
    if operation.is_open:
        return
    _check_token(actor, operation, dag_id)
    if actor.permissions is None:
        return
    for need in operation.needs:
        if not _is_met(actor.permissions, need, operation, dag_id):
            where = f" of DAG {dag_id!r}" if dag_id is not None and need.resource in OF_ONE_DAG else ""
            raise DeniedError(f"{operation.name} needs the permission {need.action} on {need.resource}{where}.")


def allowed_dags(actor: Actor, operation: Operation) -> frozenset[str] | None:
    """Return the ids of the DAGs with which the actor may do the operation; None for all.

    The ids are those that permissions and tokens name: there need not be such DAGs.
    """
    allowed = actor.dags
    for need in operation.needs if actor.permissions is not None else ():
        prefix = OF_ONE_DAG.get(need.resource)
        if prefix is None or need in (actor.permissions or ()):
            continue
        named = {
            permission.resource.removeprefix(prefix)
            for permission in actor.permissions or ()
            if permission.action == need.action and permission.resource.startswith(prefix)
        }
        allowed = frozenset(named) if allowed is None else allowed & named
    return allowed


def _check_token(actor: Actor, operation: Operation, dag_id: str | None) -> None:
    if actor.scopes is not None and not any(fnmatchcase(operation.name, scope) for scope in actor.scopes):
        raise DeniedError(f"The token is not for {operation.name}: its scopes are {', '.join(actor.scopes) or 'none'}.")
    if actor.dags is None:
        return
    if operation.scope is Scope.CLUSTER:
        raise DeniedError(f"The token is for single DAGs, and {operation.name} is not about one.")
    if dag_id is not None and dag_id not in actor.dags:
        raise DeniedError(f"The token is not for DAG {dag_id!r}.")


def _is_met(permissions: frozenset[Permission], need: Permission, operation: Operation, dag_id: str | None) -> bool:
    if need in permissions:
        return True
    prefix = OF_ONE_DAG.get(need.resource)
    if prefix is None or operation.scope is Scope.CLUSTER:
        return False
    if dag_id is not None:
        return Permission(need.action, f"{prefix}{dag_id}") in permissions
    return any(each.action == need.action and each.resource.startswith(prefix) for each in permissions)
