"""Tasks that depend on past runs: the gate between a satisfied rule and admission."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tradewind.transitions.recount import start_queued

PAST = {"depends_on_past": True}


def two_runs(world, shape, **options):
    """Make a DAG with runs a day apart, the first of them under way."""
    world.add_worker()
    world.add_dag(shape, **options)
    first = world.add_run(shape, run_id="r1")
    world.let_on()
    world.clock.pass_(days=1)
    return first, world.add_run(shape, run_id="r2")


def test_it_waits_for_itself_in_the_previous_run_and_its_neighbour_does_not(world, graph):
    shape = graph(tasks=["a", "b"], a=PAST)
    first, second = two_runs(world, shape)
    assert world.states(first) == {"a": "scheduled", "b": "scheduled"}
    assert world.states(second) == {"a": "none", "b": "scheduled"}
    assert world.let_on() == 0
    assert world.held() == [
        "It depends on past runs, and in the previous run, of 2026-01-01T00:00:00+00:00, it is scheduled."
    ]
    result = world.finish(world.tickets(first)[0])
    assert "scheduler" in result.wake
    assert world.let_on() == 1
    assert world.held() == []
    assert world.states(second)["a"] == "scheduled"
    assert world.differences(second, shape) == []


@pytest.mark.parametrize(("end", "opens"), [("success", True), ("skipped", True), ("failed", False)])
def test_success_and_skips_open_and_a_failure_does_not(world, graph, end, opens):
    first, second = two_runs(world, graph(tasks=["a"], a=PAST))
    world.finish(world.start()["a"], end)
    assert (world.let_on() == 1) is opens
    assert world.states(second)["a"] == ("scheduled" if opens else "none")
    assert world.run_state(first) == ("success" if opens else "failed")


def test_a_failed_past_that_is_cleared_and_succeeds_opens(world, graph):
    first, second = two_runs(world, graph(tasks=["a"], a=PAST), max_active_runs=2)
    world.finish(world.start()["a"], "failed")
    world.clear(first, "a")
    assert world.let_on() == 0
    world.database.write(lambda c: start_queued(c, first, **world.tools))
    assert world.let_on() == 1
    world.finish(world.start()["a"])
    assert world.let_on() == 1
    assert world.states(second)["a"] == "scheduled"


def test_a_rule_that_skips_or_fails_does_not_wait_for_the_past(world, graph):
    shape = graph([("a", "b")], b=PAST)
    _, second = two_runs(world, shape)
    [ticket] = world.tickets(second)
    world.finish(ticket, "failed")
    assert world.states(second) == {"a": "failed", "b": "upstream_failed"}


def test_a_skip_waits_for_the_past_where_it_is_asked_to(world, graph):
    shape = graph([("a", "b")], b={**PAST, "wait_for_past_depends_before_skipping": True})
    first, second = two_runs(world, shape)
    of_first, of_second = world.tickets()
    world.finish(of_second, "skipped")
    assert world.states(second) == {"a": "skipped", "b": "none"}
    world.finish(of_first)
    world.let_on()
    world.finish(*world.tickets(first))
    world.let_on()
    assert world.states(second) == {"a": "skipped", "b": "skipped"}
    assert world.run_state(second) == "success"


def test_waiting_for_downstream_waits_for_what_comes_directly_after_it(world, graph):
    waits = {**PAST, "wait_for_downstream": True}
    shape = graph([("a", "b"), ("b", "c")], a=waits)
    _, second = two_runs(world, shape)
    result = world.finish(world.start()["a"])
    assert "scheduler" in result.wake
    assert world.let_on() == 0
    assert "waits for what comes after it" in world.held()[0]
    assert "'b' is queued there" in world.held()[0]
    world.finish(world.start()["b"])
    assert world.let_on() == 1
    assert world.states(second)["a"] == "scheduled"


def test_the_first_run_does_not_wait_unless_it_is_told_to(world, graph):
    shape = graph(tasks=["a", "b"], a=PAST, b={**PAST, "ignore_first_depends_on_past": False})
    first = world.begin(shape)
    world.let_on()
    assert world.states(first) == {"a": "scheduled", "b": "scheduled"}, "there is no previous run at all"


def test_a_task_that_the_previous_run_does_not_have(world, graph):
    world.add_worker()
    old = graph(tasks=["x"])
    world.add_dag(old)
    world.add_run(old, run_id="r1")
    new = graph(tasks=["x", "a", "b"], a=PAST, b={**PAST, "ignore_first_depends_on_past": False})
    world.version += 1
    world.graphs.put(world.version, new)
    world.clock.pass_(days=1)
    second = world.add_run(new, run_id="r2")
    assert world.let_on() == 1
    assert world.states(second) == {"a": "scheduled", "b": "none", "x": "scheduled"}
    assert world.held()[0].endswith("has no such task.")


def test_a_task_that_was_there_before_and_not_in_the_previous_run_waits(world, graph):
    world.add_worker()
    new, old = graph(tasks=["x", "a"], a=PAST), graph(tasks=["x"])
    world.add_dag(new)
    for run_id, shape in (("r1", new), ("r2", old), ("r3", new)):
        world.version += 1
        world.graphs.put(world.version, shape)
        run = world.add_run(shape, run_id=run_id)
        world.let_on()
        world.clock.pass_(days=1)
    assert world.states(run)["a"] == "none"


def test_with_catchup_runs_made_by_hand_are_no_past(world, graph):
    world.add_worker()
    shape = replace(graph(tasks=["a"], a=PAST), catchup=True)
    world.add_dag(shape)
    world.add_run(shape, run_id="by hand", run_type="manual")
    world.clock.pass_(days=1)
    run = world.add_run(shape, run_id="scheduled", run_type="scheduled")
    world.let_on()
    assert world.states(run)["a"] == "scheduled"
    late = replace(shape, start_date=world.clock.at + timedelta(hours=1))
    world.graphs.put(world.version, late)
    world.clock.pass_(days=1)
    last = world.add_run(late, run_id="after the start", run_type="scheduled")
    assert world.let_on() == 1, "the scheduled run before it is from before the start date"
    assert world.states(last)["a"] == "scheduled"


def test_empty_and_mapped_tasks_wait_too_and_go_on(world, graph):
    shape = graph(
        [("e", "f"), ("m", "n")], e={**PAST, "is_empty": True}, f={"is_empty": True}, m={**PAST, "expand": (("x", 3),)}
    )
    first, second = two_runs(world, shape)
    assert world.states(first)["f"] == "success"
    world.let_on()
    assert world.states(second)["f"] == "success", "empty tasks of the first run ended at its gate"
    assert {state for name, state in world.states(second).items() if name.startswith("m")} == {"none"}
    tickets = [each for each in world.tickets(first) if each.task_id == "m"]
    world.end(*map(world.outcome, tickets[:2]))
    assert world.let_on() == 0
    world.finish(tickets[2])
    assert world.let_on() == 1
    assert [state for name, state in world.states(second).items() if name.startswith("m")] == ["scheduled"] * 3
    assert world.differences(second, shape) == []


def test_a_task_whose_rule_is_early_and_whose_length_is_late_waits_at_the_gate_for_its_length(world, graph, pushed):
    """One success satisfies the rule, but what it is mapped over is known when all of them have ended."""
    m = {**PAST, "expand": (("y", ("a", "return_value")),), "trigger_rule": "one_success"}
    shape = graph([("a", "m")], a={"expand": (("x", 2),)}, m=m)
    world.add_worker()
    world.add_dag(shape)
    run = world.add_run(shape)
    one, other = world.start().values()
    world.finish(one, xcoms=(pushed(None),))
    world.let_on()
    world.go_on()
    world.finish(other, xcoms=(pushed(None),))
    world.let_on()
    world.go_on()
    assert world.states(run) == {"a[0]": "success", "a[1]": "success", "m[0]": "scheduled", "m[1]": "scheduled"}


def test_an_end_costs_no_statement_more_and_touches_no_other_run(world, graph, statements):
    world.add_worker()
    counts = []
    for dag_id, options in (("plain", {}), ("past", PAST)):
        shape = graph(tasks=["a"], dag_id=dag_id, a=options)
        world.add_dag(shape)
        world.add_run(shape, run_id="r1")
        world.let_on()
        [ticket] = world.tickets()
        world.clock.pass_(days=1)
        world.add_run(shape, run_id="r2")
        with statements.recorded(world.database) as recorded:
            world.finish(ticket)
        counts.append(len(recorded))
        world.end(*map(world.outcome, world.tickets()))
    assert counts[1] <= counts[0]


def test_any_number_of_gates_is_read_in_three_statements(world, graph, statements):
    names = [f"t{n}" for n in range(60)]
    two_runs(world, graph(tasks=names, **dict.fromkeys(names, PAST)), max_active_tasks=100)
    with statements.recorded(world.database) as recorded:
        assert world.held() == world.held()
        assert len(world.held()) == 60
    recorded.assert_at_most(3 * 3)
