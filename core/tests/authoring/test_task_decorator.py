"""@task and its kinds."""

from __future__ import annotations

import pytest
from tradewind import DAG, TaskGroup, get_current_context, task, task_group
from tradewind.exceptions import TradewindException, XComNotFound
from tradewind.serialization import deserialize, serialize


def test_calls_make_tasks_edges_and_results(dag, run):
    @task
    def count():
        return 20

    @task
    def double(number: int):
        return number * 2

    with dag:
        double(count())
    assert dag.get_task("double").upstream_task_ids == {"count"}
    assert run(dag, "count") == 20
    assert run(dag, "double") == 40


def test_a_second_call_makes_a_second_task(dag):
    @task
    def step(): ...

    with dag:
        for _ in range(3):
            step()
        with TaskGroup("g"):
            step()
    assert dag.task_ids == ["step", "step__1", "step__2", "g.step"]


def test_outputs_deep_in_containers_make_edges_and_are_pulled(dag, run):
    @task
    def make():
        return "made"

    @task
    def show(values, *, named):
        return values, named

    with dag:
        made = make()
        show([{"deep": (made,)}], named={"key": made})
    run(dag, "make")
    assert dag.get_task("show").upstream_task_ids == {"make"}
    assert run(dag, "show") == ([{"deep": ("made",)}], {"key": "made"})


def test_multiple_outputs_follow_the_annotation_unless_said_otherwise(dag):
    @task
    def plain() -> int: ...

    @task
    def mapping() -> dict[str, int]: ...

    @task(multiple_outputs=False)
    def whole() -> dict: ...

    @task(multiple_outputs=True)
    def forced(): ...

    with dag:
        made = [call().operator.multiple_outputs for call in (plain, mapping, whole, forced)]
    assert made == [False, True, False, True]


def test_multiple_outputs_need_a_dict(dag, run):
    @task(multiple_outputs=True)
    def wrong():
        return [1]

    with dag:
        wrong()
    with pytest.raises(TradewindException, match="must return a dict, not list"):
        run(dag, "wrong")


def test_keys_are_pulled_by_key_and_a_missing_one_is_named(dag, run, memory):
    @task
    def pair(): ...

    @task
    def show(left):
        return left

    with dag:
        show(pair()["left"])
    with pytest.raises(XComNotFound, match="'pair' has pushed nothing under the key 'left'"):
        run(dag, "show")
    memory.xcoms["pair", "left"] = 1
    assert run(dag, "show") == 1


def test_a_result_that_was_never_pushed_is_none(dag, run):
    @task
    def skipped(): ...

    @task
    def show(value):
        return value is None

    with dag:
        show(skipped())
    assert run(dag, "show") is True


def test_context_variables_are_given_to_parameters_of_their_names(dag, run):
    @task
    def show(own, ds, ti=None, **rest):
        return own, ds, ti.task_id, rest["run_id"], get_current_context()["ds"]

    with dag:
        show("own")
    assert run(dag, "show") == ("own", "2024-03-10", "show", "manual__1", "2024-03-10")


def test_wrong_arguments_are_told_when_the_dag_is_built(dag):
    @task
    def step(one, two=2): ...

    with dag, pytest.raises(TradewindException, match=r"Task 'step': step\(\) cannot be called .*missing .*'one'"):
        step()
    with dag, pytest.raises(TradewindException, match="unexpected keyword argument 'three'"):
        step.override(task_id="other")(1, three=3)


def test_override_changes_the_task_not_the_function(dag):
    @task(retries=1)
    def step(): ...

    with dag:
        step.override(task_id="other", retries=5, pool="narrow")()
        step()
    other = dag.get_task("other")
    assert (other.retries, other.pool, dag.get_task("step").retries) == (5, "narrow", 1)
    assert step.function.__name__ == "step" == step.__name__


def test_expand_over_a_list_and_over_an_output(dag, run):
    @task
    def numbers():
        return [3, 4]

    @task
    def power(base, exponent, ds=None):
        return base**exponent, ds

    with dag:
        power.partial(exponent=2).expand(base=numbers())
        power.override(task_id="literal").expand(base=[2, 3], exponent=[1, 2])
    run(dag, "numbers")
    assert run(dag, "power", map_index=1) == (16, "2024-03-10")
    assert [run(dag, "literal", map_index=index)[0] for index in range(4)] == [2, 4, 3, 9]
    assert dag.get_task("power").upstream_task_ids == {"numbers"}


def test_partial_arguments_may_be_outputs(dag, run):
    @task
    def exponent():
        return 3

    @task
    def power(base, exponent):
        return base**exponent

    with dag:
        power.partial(exponent=exponent()).expand(base=[2])
    run(dag, "exponent")
    assert run(dag, "power", map_index=0) == 8
    assert dag.get_task("power").upstream_task_ids == {"exponent"}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda step: step.expand(), "needs at least one argument"),
        (lambda step: step.expand(one=[1], three=[1]), "unexpected keyword argument 'three'"),
        (lambda step: step.partial(one=1).expand(one=[1]), "given to both"),
        (lambda step: step.expand(one="text"), "maps over a list"),
        (lambda step: step.expand_kwargs([{"one": 1, "three": 1}]), "unexpected keyword argument 'three'"),
        (lambda step: step.partial().expand_kwargs(["one"]), "maps over a list of dicts"),
        (lambda step: step(1).map(step), "takes a plain function"),
        (task, "decorated twice"),
    ],
)
def test_wrong_use_is_refused(dag, make, sentence):
    @task
    def step(one): ...

    with dag, pytest.raises(TradewindException, match=sentence):
        make(step)


def test_branches_skip_what_is_not_chosen(dag, run):
    @task.branch
    def choose():
        return ["left", "ends"]

    @task
    def step(): ...

    with dag:
        join = step.override(task_id="join")()
        left, right, both = (step.override(task_id=name)() for name in ("left", "right", "both"))
        with TaskGroup("ends") as ends:
            step.override(task_id="one")()
        choose() >> [left, right, both, ends] >> join
        left >> both
        right >> join
    assert run(dag, "choose") == ["left", "ends"]
    assert run.ti.skipped_task_ids == ["right"]


@pytest.mark.parametrize(
    ("choice", "skipped"), [(None, ["left", "right"]), ("left", ["right"]), ([], ["left", "right"])]
)
def test_a_branch_may_choose_one_or_nothing(dag, run, choice, skipped):
    @task.branch
    def choose():
        return choice

    @task
    def step(): ...

    with dag:
        choose() >> [step.override(task_id="left")(), step.override(task_id="right")()]
    assert run(dag, "choose") == choice
    assert run.ti.skipped_task_ids == skipped


@pytest.mark.parametrize(
    ("choice", "sentence"), [("far", "chose 'far', which is no task"), (7, "must return a task id")]
)
def test_a_branch_must_choose_tasks(dag, run, choice, sentence):
    @task.branch
    def choose():
        return choice

    with dag:
        choose()
    with pytest.raises(TradewindException, match=sentence):
        run(dag, "choose")


@pytest.mark.parametrize(("ignore", "skipped"), [(True, ["far", "near"]), (False, ["near"])])
def test_a_closed_short_circuit_skips_what_follows(dag, run, ignore, skipped):
    @task.short_circuit(ignore_downstream_trigger_rules=ignore)
    def gate(open_it):
        return open_it

    @task
    def step(): ...

    with dag:
        gate("{{ dag_run.conf.get('open', '') }}") >> step.override(task_id="near")() >> step.override(task_id="far")()
    assert run(dag, "gate") == ""
    assert run.ti.skipped_task_ids == skipped
    run(dag, "gate", conf={"open": "yes"})
    assert run.ti.skipped_task_ids == []


def test_a_sensor_waits_for_its_function(dag, run):
    looks = []

    @task.sensor(poke_interval=0)
    def ready(enough):
        looks.append(enough)
        return len(looks) == enough

    with dag:
        ready(3)
    run(dag, "ready")
    assert looks == [3, 3, 3]


def test_groups_prefix_nest_and_connect(dag):
    @task
    def step(): ...

    @task_group
    def inner():
        step() >> step()

    @task_group(group_id="outer", default_args={"retries": 3})
    def outer():
        step() >> inner()

    with dag:
        step() >> outer() >> step.override(task_id="end")()
    assert dag.task_ids == ["step", "outer.step", "outer.inner.step", "outer.inner.step__1", "end"]
    assert list(dag.groups) == ["outer", "outer.inner"]
    assert dag.get_task("outer.inner.step").retries == 3
    assert dag.get_task("end").upstream_task_ids == {"outer.inner.step__1"}
    assert dag.get_task("outer.step").upstream_task_ids == {"step"}


def test_a_group_without_prefix_still_groups(dag):
    @task
    def step(): ...

    with dag, TaskGroup("outer"), TaskGroup("inner", prefix_group_id=False):
        step()
    assert dag.task_ids == ["step"], "as in Airflow, it leaves out the ids around it as well"
    assert [child.task_id for child in dag.groups["outer.inner"].iter_tasks()] == ["step"]


def test_a_group_function_called_twice_makes_two_groups(dag):
    @task_group
    def stage(): ...

    with dag:
        stage()
        stage()
    assert list(dag.groups) == ["stage", "stage__1"]


def test_a_mapped_group_is_after_what_it_is_mapped_over_and_its_tasks_know_it(dag):
    @task
    def step(value): ...

    @task_group
    def stage(value, of=None):
        return step.override(task_id="last")(step(value))

    with dag:
        numbers = step.override(task_id="numbers")(1)
        end = stage.partial(of=2).expand(value=numbers)
        step.override(task_id="after")(end)
    assert dag.get_task("stage.step").upstream_task_ids == {"numbers"}
    assert dag.get_task("after").upstream_task_ids == {"stage.last"}
    assert dag.get_task("stage.last").mapped_group() is dag.groups["stage"]
    found = deserialize(serialize(dag))
    assert found.groups["stage"].expand == (("value", ("numbers", "return_value")),)
    assert [found.tasks[name].mapped_group for name in ("stage.step", "after")] == ["stage", None]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda stage, _step: stage.expand(other=[1]), r"'stage': .expand\(\) has no argument 'other'"),
        (lambda stage, _step: stage.expand(), "needs at least one argument"),
        (lambda stage, _step: stage.partial(value=1).expand(value=[1]), "is given twice"),
        (lambda stage, _step: stage.expand_kwargs([1]), "maps over a list of dicts"),
    ],
)
def test_wrong_use_of_mapped_groups_is_refused(dag, make, sentence):
    @task
    def step(value): ...

    @task_group
    def stage(value):
        step(value)

    with dag, pytest.raises(TradewindException, match=sentence):
        make(stage, step)


def test_nothing_in_a_mapped_group_is_mapped_once_more(dag):
    @task
    def step(value): ...

    @task_group
    def outer(value):
        step.expand(value=[value])

    with (
        dag,
        pytest.raises(TradewindException, match=r"'outer.step' is mapped and stands in a task group that is mapped"),
    ):
        outer.expand(value=[1])


def test_a_group_needs_a_dag():
    with pytest.raises(TradewindException, match="belongs to no DAG"):
        TaskGroup("g")


def test_a_dag_made_outside_of_with_takes_tasks_by_argument():
    made = DAG("a", schedule=None)

    @task(dag=made)
    def step(): ...

    step()
    step()
    assert made.task_ids == ["step", "step__1"]
