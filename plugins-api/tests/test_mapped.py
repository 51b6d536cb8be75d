"""Mapped tasks: partial, expand, unmap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.mapped import pick
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.xcom_arg import DerivedXComArg, XComArg


class Copy(BaseOperator):
    template_fields = ("source", "target")

    def __init__(self, *, source: str, target: str = "here", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.target = target


def no_pull(argument: XComArg) -> Any:
    raise AssertionError(f"pulled {argument!r}")


def test_each_instance_is_an_operator_with_its_element(inside):
    task = Copy.partial(task_id="copy", target="there", pool="narrow").expand(source=["a", "b"])
    assert inside.tasks == {"copy": task}
    second = task.unmap(1, no_pull)
    assert (second.source, second.target, second.pool, second.task_id) == ("b", "there", "narrow", "copy")
    assert second.dag is inside
    assert inside.tasks == {"copy": task}


def test_default_args_reach_mapped_tasks_and_their_instances(inside):
    task = Copy.partial(task_id="copy").expand(source=["a"])
    assert (task.retries, task.owner) == (2, "ann")
    assert task.unmap(0, no_pull).retries == 2


def test_default_args_are_refused_and_passed_over_as_for_any_task(inside):
    inside.default_args["run_as_user"] = None
    assert Copy.partial(task_id="copy").expand(source=["a"]).unmap(0, no_pull).source == "a"
    inside.default_args["run_as_user"] = "me"
    with pytest.raises(TradewindException, match=r"Task 'other': the argument run_as_user=.* cannot be followed"):
        Copy.partial(task_id="other").expand(source=["a"])


def test_a_mapped_task_in_a_group_has_the_group_s_prefix(dag):
    task = Copy.partial(task_id="copy", task_group=dag.group("g")).expand(source=["a"])
    assert task.task_id == "g.copy"
    assert task.unmap(0, no_pull).task_id == "g.copy"


def test_mapping_over_an_output_makes_the_edge_and_pulls_the_value(inside):
    listing = Copy(task_id="listing", source="x")
    task = Copy.partial(task_id="copy").expand(source=listing.output)
    assert inside.edges == {("listing", "copy")}
    assert task.unmap(2, lambda argument: ["p", "q", "r"]).source == "r"
    assert task.literal_lengths() == {}


def test_mapping_over_a_dict_gives_its_items(inside):
    task = Copy.partial(task_id="copy").expand(source={"k": 1, "l": 2})
    assert task.unmap(1, no_pull).source == ("l", 2)


def test_the_last_named_argument_varies_fastest(inside):
    task = Copy.partial(task_id="copy").expand(source=["a", "b"], target=["x", "y", "z"])
    pairs = [(made.source, made.target) for made in (task.unmap(index, no_pull) for index in range(6))]
    assert pairs == [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y"), ("b", "z")]
    with pytest.raises(TradewindException, match="There is no instance 6"):
        task.unmap(6, no_pull)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_every_combination_comes_exactly_once(lengths):
    values = {f"argument{number}": list(range(length)) for number, length in enumerate(lengths)}
    total = 1
    for length in lengths:
        total *= length
    chosen = {tuple(pick(values, index, no_pull).items()) for index in range(total)}
    assert len(chosen) == total


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Copy.partial(task_id="c", sauce=1), "Copy has no argument 'sauce'"),
        (lambda: Copy.partial(task_id="c").expand(sauce=[1]), "Copy has no argument 'sauce'"),
        (lambda: Copy.partial(task_id="c", source="a").expand(source=["b"]), "'source' is given to both"),
        (lambda: Copy.partial(task_id="c").expand(retries=[1]), "'retries' cannot vary"),
        (lambda: Copy.partial(source="a").expand(target=["b"]), "needs a task_id"),
        (lambda: Copy.partial(task_id="c").expand(source="text"), r"expand\(source=...\) maps over a list"),
        (
            lambda: Copy.partial(task_id="c").expand(target=["a"]),
            "Copy needs the argument 'source'; give it to partial",
        ),
        (lambda: Copy.partial(task_id="c").expand_kwargs([{}]), "Copy needs the argument 'source'"),
        (lambda: Copy.partial(task_id="c").expand_kwargs([{"sauce": 1}]), "Copy has no argument 'sauce'"),
        (lambda: Copy.partial(task_id="c").expand_kwargs(["a"]), "maps over a list of dicts"),
        (lambda: Copy.partial(task_id="c").expand_kwargs([{"retries": 1}]), r"\[0\]: 'retries' is shared by all"),
        (lambda: Copy.partial(task_id="c", source="a").expand_kwargs([{"source": "b"}]), "'source' is shared by all"),
        (lambda: Copy.partial(task_id="c").expand(), "needs at least one argument"),
        (lambda: Copy.partial(task_id="c", run_as_user="me"), "run_as_user=.* cannot be followed"),
    ],
)
def test_wrong_use_is_refused(make, sentence):
    with pytest.raises(TradewindException, match=sentence):
        make()


def test_dicts_of_arguments_make_one_instance_each(inside):
    task = Copy.partial(task_id="copy").expand_kwargs([{"source": "a"}, {"source": "b", "target": "there"}])
    made = [task.unmap(index, no_pull) for index in range(2)]
    assert [(each.source, each.target) for each in made] == [("a", "here"), ("b", "there")]


def test_outputs_are_changed_and_joined_when_they_are_used(inside):
    first, second = Copy(task_id="first", source="a").output, Copy(task_id="second", source="b").output
    values = {first: [1, 2, 3], second: {"k": "v"}}

    def pull(argument: XComArg) -> Any:
        return argument.resolve(pull) if isinstance(argument, DerivedXComArg) else values[argument]

    assert list(pull(first.map(lambda x: x + 1).map(str))) == ["2", "3", "4"]
    assert pull(first.zip(second)) == [(1, ("k", "v"))]
    assert pull(first.zip(second, fillvalue=0)) == [(1, ("k", "v")), (2, 0), (3, 0)]
    assert pull(first.concat(second, first)) == [1, 2, 3, "k", 1, 2, 3]
    task = Copy.partial(task_id="copy").expand(source=first.concat(second).map(str))
    assert task.upstream_task_ids == {"first", "second"}
    assert task.unmap(3, pull).source == "k"


def test_a_function_for_elements_is_called_for_the_one_that_is_taken(inside):
    def odd_only(number: int) -> int:
        if number % 2 == 0:
            raise ValueError(number)
        return number

    task = Copy.partial(task_id="copy").expand(source=Copy(task_id="list", source="a").output.map(odd_only))

    def pull(argument: XComArg) -> Any:
        return argument.resolve(pull) if isinstance(argument, DerivedXComArg) else [1, 2, 3]

    assert [task.unmap(index, pull).source for index in (0, 2)] == [1, 3]
    with pytest.raises(ValueError, match="2"):
        task.unmap(1, pull)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda output: output.map(Copy(task_id="other", source="a")), "takes a plain function"),
        (lambda output: output.zip([1, 2]), "Only outputs of tasks are joined"),
        (lambda output: output.concat(output)["key"], "has no keys"),
        (lambda output: str(output.map(str)), "cannot stand in a text"),
    ],
)
def test_wrong_use_of_outputs_is_refused(inside, make, sentence):
    with pytest.raises((TradewindException, TypeError), match=sentence):
        make(Copy(task_id="list", source="a").output)
