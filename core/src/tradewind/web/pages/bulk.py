"""What may be done with many rows of a list at once: which buttons it has, and which rows can be chosen for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tradewind.access.authorization import allowed_dags
from tradewind.access.operations import TABLE
from tradewind.operations.context import Context


def buttons(context: Context, actions: Mapping[str, str]) -> list[str]:
    """Return the actions that somebody may do with one DAG at least.

    Arguments:
        actions: the operation that each is.
    """
    return [name for name, each in actions.items() if allowed_dags(context.actor, TABLE[each]) != frozenset()]


def by_dag(context: Context, actions: Mapping[str, str], dag_ids: Iterable[str]) -> dict[str, str]:
    """Return for each DAG what may be done with its rows, in words with blanks between."""
    return {
        dag_id: " ".join(name for name, each in actions.items() if context.may(each, dag_id)) for dag_id in {*dag_ids}
    }
