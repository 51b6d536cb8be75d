"""How schedulers that find the same work share it: each begins at another DAG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from zlib import crc32

Item = TypeVar("Item")


def in_own_order(found: Sequence[Item], dag_of: Callable[[Item], str], daemon_id: str) -> list[Item]:
    """Return what was found, turned so that this scheduler begins at a DAG of its own; the order within a DAG stays.

    Row locks alone would let any number of schedulers go down the same list side by side, one working and the others
    finding locked or done what they come to.

    Arguments:
        found: the work, in the order in which it is due.
        dag_of: tells whose it is.
        daemon_id: of the scheduler.
    """
    dags = list(dict.fromkeys(map(dag_of, found)))
    first = crc32(daemon_id.encode())
    place = {dag_id: (number - first) % len(dags) for number, dag_id in enumerate(dags)}
    return sorted(found, key=lambda item: place[dag_of(item)])
