"""Operators: default arguments, refusals, place in the graph."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tradewind_plugins.exceptions import DuplicateTaskIdFound, TradewindException
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.trigger_rule import TriggerRule


class Scoop(BaseOperator):
    template_fields = ("flavour",)

    def __init__(self, *, flavour: str = "plain", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flavour = flavour


class Sundae(Scoop):
    def __init__(self, *, sauce: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sauce = sauce


def test_a_task_joins_the_dag_it_is_made_in(inside):
    task = Scoop(task_id="a")
    assert inside.tasks == {"a": task}
    assert task.dag_id == "small"


def test_default_args_reach_the_arguments_of_subclasses_too(inside):
    task = Sundae(task_id="a", sauce="fudge")
    assert (task.flavour, task.retries, task.owner) == ("mint", 2, "ann")


def test_what_a_task_says_itself_wins_over_its_own_default_args_and_these_over_the_dag(inside):
    task = Scoop(task_id="a", retries=0, default_args={"retries": 7, "flavour": "lime"})
    assert (task.flavour, task.retries) == ("lime", 0)


def test_default_args_of_a_group_win_over_those_of_the_dag(dag):
    task = Scoop(task_id="a", task_group=dag.group("g", flavour="kiwi"))
    assert (task.task_id, task.flavour, task.owner) == ("g.a", "kiwi", "ann")


def test_two_tasks_of_one_id_are_refused(inside):
    Scoop(task_id="a")
    with pytest.raises(DuplicateTaskIdFound):
        Scoop(task_id="a")


def test_without_a_dag_a_task_stands_alone():
    task = Scoop(task_id="a")
    assert task.dag is None
    assert task.upstream_list == []


@pytest.mark.parametrize("task_id", ["", "a b", "ä", "x" * 251, None, 3])
def test_an_id_that_is_none_is_refused(task_id):
    with pytest.raises(TradewindException, match="is not an id"):
        Scoop(task_id=task_id)


def test_positional_arguments_are_refused_with_the_way_out():
    with pytest.raises(TradewindException, match=r"by keyword, for instance Scoop\(task_id="):
        Scoop("a")  # type: ignore[misc]


def test_a_misspelt_argument_is_refused_with_a_suggestion():
    with pytest.raises(TradewindException, match=r"Task 'a': Scoop has no argument 'flavor'; did you mean 'flavour'\?"):
        Scoop(task_id="a", flavor="mint")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run_as_user", "me"),
    ],
)
def test_what_is_not_built_is_refused_by_name(name, value):
    with pytest.raises(
        TradewindException, match=f"Task 'a': the argument {name}=.* cannot be followed: .* a queue of its own"
    ):
        Scoop(task_id="a", **{name: value})


def test_waiting_for_downstream_is_waiting_for_the_past_and_first_runs_do_not_wait():
    task = Scoop(task_id="a", wait_for_downstream=True)
    assert (task.depends_on_past, task.wait_for_downstream, task.ignore_first_depends_on_past) == (True, True, True)
    assert Scoop(task_id="b", max_retry_delay=3).max_retry_delay == timedelta(seconds=3)


def test_a_limit_has_an_old_name_and_is_a_number_above_zero():
    assert Scoop(task_id="a", task_concurrency=2).max_active_tis_per_dag == 2
    with pytest.raises(TradewindException, match="and not task_concurrency, its old name, as well"):
        Scoop(task_id="b", task_concurrency=2, max_active_tis_per_dag=2)
    with pytest.raises(TradewindException, match="max_active_tis_per_dagrun must be at least 1, not 0"):
        Scoop(task_id="c", max_active_tis_per_dagrun=0)


def test_what_is_not_built_is_refused_in_default_args_too(inside):
    inside.default_args["run_as_user"] = "me"
    with pytest.raises(TradewindException, match=r"run_as_user=.* cannot be followed"):
        Scoop(task_id="a")


@pytest.mark.parametrize(
    "arguments",
    [
        {"depends_on_past": False, "wait_for_downstream": False},
        {"email": ["a@example.com"], "email_on_failure": False, "email_on_retry": False},
        {"email_on_failure": True, "email_on_retry": True},
        {"email_on_failure": True, "email": []},
        {"on_failure_callback": None, "on_success_callback": []},
        {"retry_exponential_backoff": False, "max_retry_delay": timedelta(hours=1)},
        {"executor_config": {}, "inlets": [], "sla": None, "run_as_user": None},
    ],
)
def test_what_asks_for_nothing_is_accepted(arguments):
    assert Scoop(task_id="a", **arguments).task_id == "a"


def test_dates_in_default_args_are_the_dag_s_and_left_to_it(inside):
    inside.default_args["start_date"] = "whatever"
    assert Scoop(task_id="a").task_id == "a"


def test_durations_may_be_seconds():
    task = Scoop(task_id="a", retry_delay=90, execution_timeout=2.5)
    assert (task.retry_delay, task.execution_timeout) == (timedelta(seconds=90), timedelta(seconds=2.5))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"retries": -1}, "retries must be at least 0"),
        ({"retries": "3"}, "retries must be a whole number"),
        ({"isolation": "thread"}, "isolation is 'fork' or 'fresh', not 'thread'"),
        ({"pool_slots": 0}, "pool_slots must be at least 1"),
        ({"retry_delay": "5m"}, "retry_delay must be a timedelta or a number of seconds"),
        ({"weight_rule": "sideways"}, "weight_rule is one of"),
        ({"trigger_rule": "sometimes"}, "'sometimes' is not a trigger rule; choose one of all_success"),
    ],
)
def test_a_value_without_sense_is_refused(arguments, sentence):
    with pytest.raises(TradewindException, match=f"Task 'a': .*{sentence}|Task 'a': {sentence}"):
        Scoop(task_id="a", **arguments)


@pytest.mark.parametrize("rule", list(TriggerRule))
def test_trigger_rules_are_given_as_text_or_member(rule):
    assert Scoop(task_id="a", trigger_rule=rule.value).trigger_rule is rule
    assert Scoop(task_id="b", trigger_rule=rule).trigger_rule is rule
    assert f"{rule}" == rule.value


@pytest.mark.parametrize(
    ("old", "rule"), [("dummy", "always"), ("none_failed_or_skipped", "none_failed_min_one_success")]
)
def test_old_names_of_trigger_rules_are_understood(old, rule):
    assert Scoop(task_id="a", trigger_rule=old).trigger_rule == rule


def test_an_output_as_an_argument_makes_the_edge(inside):
    first = Scoop(task_id="first")
    Scoop(task_id="second", flavour=[{"deep": (first.output,)}])
    assert inside.edges == {("first", "second")}


def test_an_operator_logs_under_its_class_or_under_the_name_it_is_given():
    assert Scoop(task_id="a").log.name.endswith(".Scoop")
    assert Scoop(task_id="a", logger_name="ice").log.name == "ice"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"pre_execute": "now"}, "pre_execute must be a function"),
        ({"start_date": "2024-01-01"}, "start_date must be a datetime"),
        ({"executor_config": [1]}, "executor_config must be a dict"),
        ({"xcom_storage": ["lake"]}, "xcom_storage is the name of an XCom storage"),
        ({"xcom_storage": ""}, "xcom_storage is the name of an XCom storage"),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused_by_name(arguments, sentence):
    with pytest.raises(TradewindException, match=f"Task 'a': {sentence}"):
        Scoop(task_id="a", **arguments)
