"""``access_control``: what a DAG gives to roles, in one form whichever of Airflow's two it was written in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from tradewind_plugins.exceptions import TradewindException

DAGS: Final = "DAGs"
ACTIONS: Final = {
    DAGS: ("can_read", "can_edit", "can_delete"),
    "DAG Runs": ("can_read", "can_create", "can_edit", "can_delete"),
}
"""What can be given on one DAG and on its runs."""
PREFIXES: Final = {DAGS: "DAG:", "DAG Runs": "DAG Run:"}
"""What begins the name of the same resource of one DAG."""
OLD: Final = {"can_dag_read": "can_read", "can_dag_edit": "can_edit"}
"""Names of actions that Airflow took until 2.0."""

AccessControl = dict[str, dict[str, list[str]]]


def as_access_control(dag_id: str, given: Any) -> AccessControl | None:
    """Return actions by resource by role, sorted; None where nothing is said.

    Args:
        dag_id: for messages.
        given: ``{role: {"can_read"}}``, or ``{role: {"DAGs": {"can_read"}, "DAG Runs": {"can_create"}}}``.

    Raises ``TradewindException`` for another form, and for an unknown resource or action, which it names.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise TradewindException(f"DAG {dag_id!r}: access_control is a dict of roles, not {given!r}.")
    return {role: _of_role(dag_id, role, given[role]) for role in sorted(given, key=str)}


def _of_role(dag_id: str, role: Any, given: Any) -> dict[str, list[str]]:
    if not isinstance(role, str) or not role.strip():
        raise TradewindException(f"DAG {dag_id!r}: access_control names roles by text, not {role!r}.")
    by_resource = given if isinstance(given, Mapping) else {DAGS: given}
    found = {}
    for resource, actions in by_resource.items():
        if resource not in ACTIONS:
            raise TradewindException(
                f"DAG {dag_id!r}: access_control of role {role!r} names the resource {resource!r}; there are "
                f"{', '.join(ACTIONS)}."
            )
        found[resource] = _checked(dag_id, role, resource, actions)
    return dict(sorted(found.items()))


def _checked(dag_id: str, role: str, resource: str, actions: Any) -> list[str]:
    if isinstance(actions, str) or not isinstance(actions, Collection):
        raise TradewindException(
            f"DAG {dag_id!r}: access_control of role {role!r} is a set of actions, such as {{'can_read'}}, not {actions!r}."
        )
    named = {OLD.get(each, str(each)) for each in actions}
    for action in sorted(named):
        if action not in ACTIONS[resource]:
            raise TradewindException(
                f"DAG {dag_id!r}: access_control of role {role!r} names the action {action!r}; on {resource} there are "
                f"{', '.join(ACTIONS[resource])}."
            )
    return sorted(each for each in named if each is not None)
