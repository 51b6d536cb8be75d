"""Edges between Airflow's operators and the outputs of tasks."""
from airflow.models import BaseOperator as AirflowOperator
from tradewind_plugins.exceptions import TradewindException

__all__ = ["EdgeNode", "as_tasks", "chain", "cross_downstream"]


class EdgeNode:
    """Something that `>>` and `<<` connect and that is no operator itself: the output of a task."""

    def first_tasks(self):
        """Return the tasks that an edge into this node leads to."""
        raise NotImplementedError

    def last_tasks(self):
        """Return the tasks that an edge out of this node comes from."""
        raise NotImplementedError

    def set_downstream(self, other):
        """Run `other` after this node."""
        for task in self.last_tasks():
            task.set_downstream(as_tasks(other))

    def set_upstream(self, other):
        """Run this node after `other`."""
        for task in self.first_tasks():
            task.set_upstream(as_tasks(other))

    def __rshift__(self, other):
        self.set_downstream(other)
        return other

    def __lshift__(self, other):
        self.set_upstream(other)
        return other

    def __rrshift__(self, other):
        self.set_upstream(other)
        return self

    def __rlshift__(self, other):
        self.set_downstream(other)
        return self


def as_tasks(value):
    """Return the operators of a node, or of a list of nodes."""
    items = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    tasks = []
    for item in items:
        if isinstance(item, EdgeNode):
            tasks.extend(item.first_tasks())
        elif isinstance(item, AirflowOperator):
            tasks.append(item)
        else:
            raise TradewindException("An edge needs tasks or outputs of tasks at both ends, not {!r}.".format(item))
    return tasks


def chain(*nodes):
    """Connect each argument with the next; two neighbouring lists of equal length are connected pairwise."""
    for before, after in zip(nodes, nodes[1:]):
        lists = isinstance(before, (list, tuple)) and isinstance(after, (list, tuple))
        if not lists:
            _connect(as_tasks(before), as_tasks(after))
            continue
        left, right = as_tasks(before), as_tasks(after)
        if len(left) != len(right):
            raise TradewindException(
                "chain() connects neighbouring lists pairwise, so they need equal lengths, not {} and {}.".format(
                    len(left), len(right)
                )
            )
        for upstream, downstream in zip(left, right):
            upstream.set_downstream(downstream)


def cross_downstream(from_tasks, to_tasks):
    """Run every node of `to_tasks` after every node of `from_tasks`."""
    _connect(as_tasks(list(from_tasks)), as_tasks(to_tasks))


def _connect(upstream, downstream):
    for task in upstream:
        task.set_downstream(downstream)
