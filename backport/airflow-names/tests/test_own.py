"""The little things of Airflow that stand nowhere else in Tradewind do what Airflow's do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from tradewind import DAG, BaseOperator
from tradewind.authoring.context import build_context, running_in
from tradewind.authoring.weekday import WeekDay
from tradewind.operators.branch import BaseBranchOperator, SkipMixin
from tradewind.operators.empty import EmptyOperator
from tradewind_airflow_names.own import operator_helpers, small, timezone
from tradewind_airflow_names.own.decorators import apply_defaults
from tradewind_airflow_names.own.edges import chain_linear
from tradewind_airflow_names.own.helpers import at_most_one, chunks, convert_camel_to_snake, is_container
from tradewind_airflow_names.own.keys import TaskInstanceKey
from tradewind_airflow_names.own.links import BaseOperatorLink
from tradewind_airflow_names.own.triggering import trigger_dag
from tradewind_airflow_names.own.weight_rule import WeightRule
from tradewind_plugins import host
from tradewind_plugins.exceptions import DagRunAlreadyExists, TradewindException


def some_dag() -> DAG:
    with DAG("d", schedule=None) as dag:
        for each in "abcd":
            EmptyOperator(task_id=each)
    return dag


def context_of(task: BaseOperator) -> dict[str, object]:
    return build_context(
        task, dag_run={"run_id": "r", "logical_date": "2024-05-06T00:00:00+00:00"}, ti={"try_number": 2}
    )


def test_apply_defaults_changes_nothing_and_says_so() -> None:
    def construct() -> None:
        """Construct."""

    with pytest.warns(
        DeprecationWarning, match=r"apply_defaults does nothing: leave it out above .*construct$"
    ) as told:
        assert apply_defaults(construct) is construct
    assert told[0].filename == __file__


def test_chain_linear_joins_each_with_all_of_the_next() -> None:
    dag = some_dag()
    a, b, c, d = (dag.get_task(each) for each in "abcd")
    chain_linear(a, [], [b, c], [d])
    assert {each: dag.get_task(each).upstream_task_ids for each in "abcd"} == {
        "a": set(),
        "b": {"a"},
        "c": {"a"},
        "d": {"b", "c"},
    }
    with pytest.raises(TradewindException, match="at least two"):
        chain_linear(a, [])


def test_kwargs_are_those_that_a_function_asks_for() -> None:
    context = {"ds": "2024-05-06", "ti": 1}
    assert operator_helpers.determine_kwargs(lambda ds: ds, [], context) == {"ds": "2024-05-06"}
    assert operator_helpers.determine_kwargs(lambda **all_of_it: all_of_it, [], context) == context
    with pytest.raises(ValueError, match="'ds' by position"):
        operator_helpers.determine_kwargs(lambda ds, **others: others, ["x"], context)
    assert operator_helpers.make_kwargs_callable(lambda x, ti: (x, ti))(5, ds="", ti=1) == (5, 1)


def test_a_context_is_told_as_texts() -> None:
    context = context_of(some_dag().get_task("a"))
    said = operator_helpers.context_to_airflow_vars(context, in_env_var_format=True)
    assert said == {
        "AIRFLOW_CTX_DAG_ID": "d",
        "AIRFLOW_CTX_DAG_OWNER": "tradewind",
        "AIRFLOW_CTX_DAG_RUN_ID": "r",
        "AIRFLOW_CTX_EXECUTION_DATE": "2024-05-06T00:00:00+00:00",
        "AIRFLOW_CTX_TASK_ID": "a",
        "AIRFLOW_CTX_TRY_NUMBER": "2",
    }
    assert operator_helpers.context_to_airflow_vars(context)["airflow.ctx.dag_id"] == "d"


def test_a_branch_of_ones_own_skips_what_it_does_not_choose() -> None:
    class Choose(BaseBranchOperator):
        def choose_branch(self, context: object) -> str:
            return "b"

    dag = some_dag()
    choose = Choose(task_id="choose", dag=dag)
    choose >> [dag.get_task("b"), dag.get_task("c")]
    context = context_of(choose)
    assert choose.execute(context) == "b"
    assert context["ti"].skipped_task_ids == ["c"]
    with pytest.raises(NotImplementedError, match="does not say what it chooses"):
        BaseBranchOperator(task_id="x", dag=dag).execute(context)


def test_an_operator_skips_what_it_names() -> None:
    class Skips(BaseOperator, SkipMixin):
        def execute(self, context: dict[str, object]) -> None:
            self.skip(context["dag_run"], context["execution_date"], self.downstream_list[:1])

    dag = some_dag()
    skips = Skips(task_id="skips", dag=dag)
    skips >> [dag.get_task("b"), dag.get_task("c")]
    context = context_of(skips)
    with running_in(context):
        skips.execute(context)
        assert context["ti"].skipped_task_ids == ["b"]
        skips.skip_all_except(context["ti"], "b")
    assert context["ti"].skipped_task_ids == ["b", "c"]


def test_days_of_the_week_have_their_iso_numbers() -> None:
    assert [WeekDay.convert("monday"), WeekDay.convert(WeekDay.SUNDAY)] == [1, 7]
    assert WeekDay.validate_week_day({"Monday", WeekDay.TUESDAY}) == {1, 2}
    assert WeekDay(dt.date(2024, 5, 6).isoweekday()) is WeekDay.MONDAY
    with pytest.raises(AttributeError, match="'Noday' is not a day of the week"):
        WeekDay.validate_week_day("Noday")
    with pytest.raises(TypeError, match="not 3"):
        WeekDay.validate_week_day(3)  # type: ignore[arg-type]


def test_weight_rules_are_those_that_tasks_take() -> None:
    assert {str(each) for each in WeightRule} == {"downstream", "upstream", "absolute"}
    assert WeightRule.is_valid("upstream")
    assert not WeightRule.is_valid("sideways")
    assert EmptyOperator(task_id="a", weight_rule=WeightRule.UPSTREAM).weight_rule == "upstream"


def test_a_key_is_what_a_task_instance_has() -> None:
    context = context_of(some_dag().get_task("a"))
    assert context["ti"].key == TaskInstanceKey("d", "a", "r", 2)


def test_a_link_needs_a_name_and_a_place() -> None:
    class Link(BaseOperatorLink):
        name = "Docs"

        def get_link(self, operator: object, **_kwargs: object) -> str:
            return f"https://example.com/{operator}"

    assert Link().get_link("x") == "https://example.com/x"
    with pytest.raises(TypeError, match="abstract"):
        BaseOperatorLink()  # type: ignore[abstract]


def test_secrets_are_masked_at_every_depth() -> None:
    class Masks(host.Host):
        def __init__(self) -> None:
            self.masked: list[str] = []

        def mask(self, value: str) -> None:
            self.masked.append(value)

    masks = Masks()
    with host.bind(masks):
        small.mask_secret({"a": ["one", ("two", "")], "b": "three"})
        small.mask_secret(None)
    assert masks.masked == ["one", "two", "three"]


def test_small_functions() -> None:
    assert [small.to_boolean(each) for each in ("Yes", "0", None)] == [True, False, False]
    assert len(small.get_random_string(12)) == 12
    assert at_most_one(0, 1)
    assert not at_most_one(1, 1)
    assert list(chunks([1, 2, 3], 2)) == [[1, 2], [3]]
    with pytest.raises(ValueError, match="above 0"):
        list(chunks([1], 0))
    assert is_container([])
    assert not is_container("text")
    assert convert_camel_to_snake("BashOperator") == "bash_operator"


def test_moments_are_in_utc() -> None:
    assert timezone.from_timestamp(0) == timezone.utc_epoch()
    assert timezone.convert_to_utc(dt.datetime.fromisoformat("2024-05-06T02:00:00+02:00")) == timezone.datetime(
        2024, 5, 6
    )
    assert timezone.convert_to_utc(None) is None


def test_a_task_triggers_a_dag_by_a_function() -> None:
    class Made(host.Host):
        def trigger_run(
            self,
            dag_id: str,
            *,
            run_id: str | None,
            logical_date: dt.datetime,
            conf: Mapping[str, Any],
            reset: bool = False,
        ) -> Mapping[str, Any]:
            asked.append((dag_id, run_id, conf, logical_date.microsecond))
            return {"run_id": "r", "logical_date": logical_date, "state": "queued", "is_made": len(asked) < 3}

    asked: list[Any] = []
    moment = dt.datetime(2026, 1, 2, microsecond=3, tzinfo=dt.timezone.utc)
    with host.bind(Made()):
        assert trigger_dag("child", conf='{"n": 1}').conf == {"n": 1}
        made = trigger_dag("child", "r", {"n": 2}, logical_date=moment)
        with pytest.raises(DagRunAlreadyExists, match="'child' has a run 'r' already"):
            trigger_dag("child", "r")
    assert (made.run_id, made.logical_date, made.state) == ("r", moment, "queued")
    assert asked[:2] == [("child", None, {"n": 1}, 0), ("child", "r", {"n": 2}, 3)]


def test_tasks_can_have_virtual_environments() -> None:
    assert small.is_venv_installed() is True
