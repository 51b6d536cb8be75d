"""Mapped tasks: one task in the file, as many in the run as there are elements.

``Operator.partial(task_id=…, …)`` collects the arguments that all instances share; ``.expand(argument=values)`` names
the ones that vary, each a list, a dict, or the output of a task. Several varying arguments make their cross product,
the last named varying fastest. ``.expand_kwargs(dicts)`` takes a list of dicts, each the arguments of one instance.
``Operator`` objects are made one an instance, by :meth:`MappedOperator.unmap`.
"""

from __future__ import annotations

from inspect import Parameter
from typing import TYPE_CHECKING, Any

from tradewind_plugins.arguments import refuse_unknown, signature_of, with_defaults
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.graph import DETACHED, pop_frame, push_frame
from tradewind_plugins.task_node import TASK_ARGUMENTS, TaskNode, frame_for
from tradewind_plugins.xcom_arg import DerivedXComArg, XComArg, iter_xcom_args, replace_xcom_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind_plugins.operator import BaseOperator

KWARGS = "expand_kwargs"
"""The name under which :attr:`MappedOperator.values` has a list of dicts of arguments."""
_NOT_MAPPABLE = frozenset(TASK_ARGUMENTS) | {"task_id", "dag", "task_group", "default_args"}


def default_args_at(dag: Any, task_group: Any, default_args: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the default arguments for a task: the DAG's, then its groups', then its own, later ones winning."""
    frame = frame_for(dag, task_group)
    merged: dict[str, Any] = dict(frame.dag.default_args) if frame.dag is not None else {}
    if frame.group is not None:
        merged.update(frame.group.merged_default_args())
    merged.update(default_args or {})
    return merged


class OperatorPartial:
    """What ``Operator.partial(...)`` returns: an operator class with some of its arguments, waiting for ``.expand``."""

    def __init__(self, operator_class: type[BaseOperator], arguments: dict[str, Any]) -> None:
        self.operator_class = operator_class
        self.arguments = arguments
        _check_names(operator_class, arguments, "partial")

    def expand(self, **values: Any) -> MappedOperator:
        """Make the mapped task; each value is a list, a dict (mapped over its items) or the output of a task."""
        _check_names(self.operator_class, values, "expand")
        twice = sorted(set(values) & set(self.arguments))
        where = f"{self.operator_class.__name__}.partial(...).expand(...)"
        if twice:
            raise TradewindException(f"{where}: {twice[0]!r} is given to both; give it to one of them.")
        fixed = sorted(set(values) & _NOT_MAPPABLE)
        if fixed:
            raise TradewindException(f"{where}: {fixed[0]!r} cannot vary between instances; give it to partial().")
        return MappedOperator(self.operator_class, self.arguments, values)

    def expand_kwargs(self, kwargs: Any) -> MappedOperator:
        """Make the mapped task; each element of ``kwargs``, a list or the output of a task, is a dict of arguments."""
        label = str(self.arguments.get("task_id", "?"))
        _check_dicts(label, kwargs)
        for index, element in enumerate(() if isinstance(kwargs, XComArg) else kwargs):
            if isinstance(element, dict):
                given = checked_kwargs(element, f"Task {label!r} [{index}]", self.arguments)
                _check_names(self.operator_class, given, "expand_kwargs")
        return MappedOperator(self.operator_class, self.arguments, {KWARGS: kwargs})


def _check_names(operator_class: type, arguments: Mapping[str, Any], step: str) -> None:
    known = signature_of(operator_class)
    unknown = {name: value for name, value in arguments.items() if name not in known}
    refuse_unknown(operator_class, f"{arguments.get('task_id', '?')}.{step}", unknown)


def check_values(task_id: str, values: Mapping[str, Any]) -> None:
    """Raise ``TradewindException`` unless there is something to map over, and all of it can be mapped over."""
    if not values:
        raise TradewindException(f"Task {task_id!r}: .expand() needs at least one argument to map over.")
    if KWARGS in values:
        _check_dicts(task_id, values[KWARGS])
    for name, value in values.items():
        if not isinstance(value, (XComArg, list, tuple, dict)):
            raise TradewindException(
                f"Task {task_id!r}: .expand({name}=...) maps over a list, a dict or the output of a task, "
                f"not over {type(value).__name__} ({value!r})."
            )


def _check_dicts(task_id: str, dicts: Any) -> None:
    items = [dicts] if isinstance(dicts, XComArg) else dicts
    if not isinstance(items, (list, tuple)) or not all(isinstance(each, (XComArg, dict)) for each in items):
        raise TradewindException(
            f"Task {task_id!r}: .expand_kwargs() maps over a list of dicts, or the output of a task, not over {dicts!r}."
        )


def _known_arguments(
    operator_class: type, task_id: str, arguments: Mapping[str, Any], varying: set[str]
) -> dict[str, Any]:
    """Return ``arguments`` without those that ask for nothing, as an operator would; refuse what it would refuse."""
    signature = signature_of(operator_class)
    refuse_unknown(operator_class, task_id, {name: value for name, value in arguments.items() if name not in signature})
    for name, default in signature.items():
        if default is Parameter.empty and name not in arguments and name not in varying and name != "task_id":
            raise TradewindException(
                f"Task {task_id!r}: {operator_class.__name__} needs the argument {name!r}; "
                "give it to partial() or to expand()."
            )
    return {name: value for name, value in arguments.items() if name in signature}


class MappedOperator(TaskNode):
    """A mapped task as the DAG holds it.

    Args:
        operator_class: what each instance is.
        arguments: what all instances share.
        values: what varies, by argument name.
        into: the dict argument that varying values go into (``op_kwargs`` for ``@task``); None for the operator's own.
    """

    def __init__(
        self,
        operator_class: type[BaseOperator],
        arguments: Mapping[str, Any],
        values: Mapping[str, Any],
        into: str | None = None,
    ) -> None:
        given = dict(arguments)
        dag, group = given.pop("dag", None), given.pop("task_group", None)
        own_defaults = given.pop("default_args", None)
        if "task_id" not in given:
            raise TradewindException(f"{operator_class.__name__}.partial() needs a task_id.")
        label = given.pop("task_id")
        check_values(label, values)
        merged = with_defaults(operator_class, given, default_args_at(dag, group, own_defaults))
        for name in ("task_id", *values):
            merged.pop(name, None)
        merged = _known_arguments(
            operator_class, label, merged, set() if into else varying_names(operator_class, values)
        )
        self.operator_class = operator_class
        self.arguments = merged
        self.values = dict(values)
        self.into = into
        self.place(label, dag, group)
        refuse_nested(self, f"Task {self.task_id!r}")
        self.take_arguments(self._task_arguments())
        self.link_arguments([self.values, merged])

    def _task_arguments(self) -> dict[str, Any]:
        signature = signature_of(self.operator_class)
        found = {name: self.arguments.get(name, signature[name]) for name in TASK_ARGUMENTS}
        return {name: None if value is Parameter.empty else value for name, value in found.items()}

    @property
    def template_fields(self) -> Sequence[str]:
        """The templated arguments of the operator class."""
        return self.operator_class.template_fields

    def literal_lengths(self) -> dict[str, int]:
        """Return the length of every varying argument that is known already, by name."""
        return {name: len(value) for name, value in self.values.items() if not isinstance(value, XComArg)}

    def unmap(self, map_index: int, pull: Callable[[XComArg], Any]) -> BaseOperator:
        """Return the operator for instance ``map_index``.

        ``pull`` gets the whole value behind an XCom argument. The operator has this task's id, place and edges.
        """
        chosen = self._chosen(map_index, pull)
        arguments = dict(self.arguments)
        if self.into is None:
            arguments.update(chosen)
        else:
            arguments[self.into] = dict(arguments.get(self.into) or {}, **chosen)
        push_frame(DETACHED)
        try:
            operator = self.operator_class(task_id=self.label, **arguments)
        finally:
            pop_frame()
        operator.task_id, operator.dag, operator.task_group = self.task_id, self.dag, self.task_group
        operator.upstream_task_ids = set(self.upstream_task_ids)
        operator.downstream_task_ids = set(self.downstream_task_ids)
        return operator

    def _chosen(self, map_index: int, pull: Callable[[XComArg], Any]) -> dict[str, Any]:
        chosen = pick(self.values, map_index, pull)
        if KWARGS not in chosen:
            return chosen
        return checked_kwargs(
            replace_xcom_args(chosen[KWARGS], pull), f"Task {self.task_id!r} [{map_index}]", self.arguments
        )


def varying_names(operator_class: type, values: Mapping[str, Any]) -> set[str]:
    """Return the arguments that vary: where dicts say which, those that all of them have, if it is known."""
    if KWARGS not in values:
        return set(values)
    dicts = values[KWARGS]
    if isinstance(dicts, XComArg) or not all(isinstance(each, dict) for each in dicts):
        return set(signature_of(operator_class))
    return set.intersection(*(set(each) for each in dicts)) if dicts else set(signature_of(operator_class))


def checked_kwargs(element: Any, where: str, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return an element of ``.expand_kwargs()``; raises ``TradewindException`` for one that is no dict of arguments."""
    if not isinstance(element, dict) or not all(isinstance(name, str) for name in element):
        raise TradewindException(f"{where}: .expand_kwargs() needs a dict of arguments, not {element!r}.")
    wrong = sorted(set(element) & (set(fixed) | _NOT_MAPPABLE))
    if wrong:
        raise TradewindException(f"{where}: {wrong[0]!r} is shared by all instances, or cannot vary between them.")
    return element


def refuse_nested(task: TaskNode, where: str) -> None:
    """Raise ``TradewindException`` if a task that is mapped itself stands in a mapped group."""
    if task.mapped_group() is not None:
        raise TradewindException(
            f"{where} is mapped and stands in a task group that is mapped: map one of the two, or the list itself."
        )


class GroupInput:
    """What a task group is mapped over: values by argument name, or ``expand_kwargs``."""

    def __init__(self, values: Mapping[str, Any], group_id: str) -> None:
        check_values(group_id, values)
        self.values = dict(values)
        self.group_id = group_id

    def argument(self, name: str) -> Any:
        """Return the stand-in for an argument of the group's function."""
        return GroupArgument(self, name)

    def references(self) -> list[XComArg]:
        """Return the outputs of tasks that it is mapped over."""
        return list(iter_xcom_args(list(self.values.values())))

    def element(self, name: str, map_index: int, pull: Callable[[XComArg], Any]) -> Any:
        """Return what instance ``map_index`` gets for an argument."""
        chosen = pick(self.values, map_index, pull)
        if KWARGS not in chosen:
            return chosen[name]
        kwargs = checked_kwargs(replace_xcom_args(chosen[KWARGS], pull), f"Group {self.group_id!r} [{map_index}]", {})
        if name not in kwargs:
            raise TradewindException(f"Group {self.group_id!r} [{map_index}]: there is no {name!r} in {kwargs!r}.")
        return kwargs[name]


class GroupArgument(DerivedXComArg):
    """In a mapped task group, what stands for an argument of its function: each instance gets its own element."""

    def __init__(self, group_input: GroupInput, name: str) -> None:
        self.input = group_input
        self.name = name
        self.sources = tuple(group_input.references())

    def __repr__(self) -> str:
        return f"GroupArgument({self.input.group_id!r}, {self.name!r})"

    def resolve(self, pull: Callable[[XComArg], Any]) -> Any:
        """Raise: which element it is, only the instance knows."""
        raise TradewindException(f"{self!r} has a value in the instances of its group only.")


def pick(values: Mapping[str, Any], map_index: int, pull: Callable[[XComArg], Any]) -> dict[str, Any]:
    """Return the elements that instance ``map_index`` of a cross product gets, by argument name."""
    pulled = {name: pull(value) if isinstance(value, XComArg) else value for name, value in values.items()}
    chosen: dict[str, Any] = {}
    rest = map_index
    for name, value in reversed(list(pulled.items())):
        elements = list(value.items()) if isinstance(value, dict) else value
        if len(elements) == 0:
            raise TradewindException(f"Nothing to map over: {name!r} is empty.")
        rest, index = divmod(rest, len(elements))
        chosen[name] = elements[index]
    if rest:
        raise TradewindException(f"There is no instance {map_index}: the mapped values {sorted(values)} have fewer.")
    return {name: chosen[name] for name in values}
