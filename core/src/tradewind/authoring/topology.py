"""The order of a graph: total, topological, given by the graph alone; and the circle where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush


def topological_order(edges: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Return the nodes of a graph in topological order, and a circle if it has one.

    Args:
        edges: every node with the nodes after it.

    Returns:
        The order, each node after those before it and otherwise by name; and the nodes of one circle, its first one
        repeated at the end, or nothing.
    """
    waiting = dict.fromkeys(edges, 0)
    for targets in edges.values():
        for target in targets:
            waiting[target] += 1
    ready = [node for node, count in waiting.items() if count == 0]
    heapify(ready)
    order = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for target in edges[node]:
            waiting[target] -= 1
            if waiting[target] == 0:
                heappush(ready, target)
    return order, [] if len(order) == len(edges) else _circle(edges, set(order))


def _circle(edges: Mapping[str, Iterable[str]], done: set[str]) -> list[str]:
    # A node left over may stand behind the circle instead of in it; going against the edges always leads into one.
    before = {
        target: node for node in sorted(edges) if node not in done for target in edges[node] if target not in done
    }
    path = [min(before)]
    while path[-1] not in path[:-1]:
        path.append(before[path[-1]])
    return path[path.index(path[-1]) :][::-1]
