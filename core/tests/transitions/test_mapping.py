"""Mapped tasks: expansion over literals and over the stored length of an XCom."""

from __future__ import annotations

import pytest
from tradewind.transitions import recount

SOURCE = (("x", ("make", "return_value")),)


def test_a_literal_is_expanded_when_the_run_is_made(world, graph):
    shape = graph([("each", "after")], each={"expand": (("x", 2), ("y", 3))})
    run = world.begin(shape)
    assert world.states(run) == {**{f"each[{n}]": "scheduled" for n in range(6)}, "after": "none"}
    world.add_worker()
    tickets = world.start()
    world.end(*(world.outcome(ticket) for ticket in tickets.values()))
    assert world.states(run)["after"] == "queued"
    assert world.differences(run, shape) == []


def test_a_literal_of_length_zero_is_skipped_and_the_run_ends(world, graph):
    run = world.begin(graph([("each", "after")], each={"expand": (("x", 0),)}))
    assert world.states(run) == {"each": "skipped", "after": "skipped"}
    assert world.run_state(run) == "success"


def test_an_xcom_expands_by_its_stored_length(world, graph, pushed):
    shape = graph([("make", "each"), ("each", "after")], each={"expand": SOURCE})
    run = world.begin(shape)
    world.add_worker()
    result = world.finish(world.start()["make"], xcoms=(pushed(3),))
    assert "scheduler" in result.wake
    assert world.states(run) == {"make": "success", "each": "none", "after": "none"}
    assert world.go_on() == 1
    assert world.states(run) == {"make": "success", **{f"each[{n}]": "scheduled" for n in range(3)}, "after": "none"}
    assert world.differences(run, shape) == []
    world.end(*(world.outcome(ticket) for ticket in world.start().values()))
    world.finish(world.claim()["after"])
    assert world.run_state(run) == "success"


def test_an_xcom_of_length_zero_skips(world, graph, pushed):
    shape = graph([("make", "each"), ("each", "after"), ("after", "last")], each={"expand": SOURCE})
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["make"], xcoms=(pushed(0),))
    world.go_on()
    assert world.states(run) == {"make": "success", "each": "skipped", "after": "skipped", "last": "skipped"}
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []


def test_an_upstream_that_pushed_no_list_fails_the_mapped_task_with_a_sentence(world, graph):
    run = world.begin(graph([("make", "each")], each={"expand": SOURCE}))
    world.add_worker()
    world.finish(world.start()["make"])
    world.go_on()
    assert world.states(run)["each"] == "failed"
    assert "pushed no list" in world.tries(run, "each")[0].cause
    assert world.run_state(run) == "failed"


def test_a_failed_upstream_fails_the_mapped_task_for_its_upstream_whatever_the_rule(world, graph):
    shape = graph([("make", "each"), ("each", "after")], each={"expand": SOURCE, "trigger_rule": "all_done"})
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["make"], "failed")
    world.go_on()
    assert world.states(run) == {"make": "failed", "each": "upstream_failed", "after": "upstream_failed"}
    assert world.tries(run, "each") == []
    assert world.differences(run, shape) == []


@pytest.mark.parametrize(
    ("source", "end"), [((("n", 2),), "skipped"), ((("n", ("list", "return_value")),), "upstream_failed")]
)
def test_over_a_mapped_task_that_could_not_run_it_counts_whether_that_had_instances(world, graph, source, end):
    shape = graph(
        [("first", "list"), ("list", "make"), ("make", "each")],
        make={"expand": source},
        each={"expand": SOURCE, "trigger_rule": "all_done"},
    )
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["first"], "failed")
    world.go_on()
    assert world.states(run)["each"] == end
    assert world.differences(run, shape) == []


def test_a_mapped_task_over_a_mapped_task_has_one_instance_for_each_value(world, graph, pushed):
    shape = graph([("make", "each")], make={"expand": (("n", 3),)}, each={"expand": SOURCE})
    run = world.begin(shape)
    world.add_worker()
    tickets = world.start()
    world.end(
        world.outcome(tickets["make[0]"], xcoms=(pushed(None),)),
        world.outcome(tickets["make[1]"], "skipped"),
        world.outcome(tickets["make[2]"], xcoms=(pushed(None),)),
    )
    assert world.states(run)["each"] == "skipped", "all_success: one upstream was skipped"
    assert world.differences(run, shape) == []


def test_an_early_rule_fires_while_another_upstream_is_not_expanded(world, graph, pushed):
    shape = graph(
        [("make", "each"), ("each", "first"), ("quick", "first"), ("each", "join")],
        each={"expand": SOURCE},
        first={"trigger_rule": "one_success"},
        join={"trigger_rule": "all_done"},
    )
    run = world.begin(shape)
    world.add_worker()
    tickets = world.start()
    world.finish(tickets["quick"])
    assert world.states(run)["first"] == "queued"
    world.finish(tickets["make"], xcoms=(pushed(2),))
    world.go_on()
    assert world.states(run)["join"] == "none"
    assert world.differences(run, shape) == []


def test_what_cannot_be_expanded_again_has_used_no_try(world, graph, pushed):
    run = world.begin(graph([("make", "each"), ("each", "after")], each={"expand": SOURCE}))
    world.add_worker()
    world.finish(world.start()["make"], xcoms=(pushed(1),))
    world.go_on()
    world.finish(world.start()["each[0]"])
    world.clear(run, "make", "each")
    world.finish(world.start()["make"])
    world.go_on()
    assert world.states(run)["each"] == "failed"
    assert [(each.try_number, each.state) for each in world.tries(run, "each")] == [(1, "success"), (0, "failed")]


def test_clearing_the_source_makes_its_mapped_task_unexpanded_again(world, graph, pushed):
    shape = graph([("make", "each"), ("each", "after")], each={"expand": SOURCE})
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["make"], xcoms=(pushed(3),))
    world.go_on()
    world.clear(run, "make", "each")
    assert world.states(run) == {"make": "scheduled", "each": "none", "after": "none"}
    assert world.differences(run, shape) == []
    world.finish(world.start()["make"], xcoms=(pushed(1),))
    world.go_on()
    assert world.states(run) == {"make": "success", "each[0]": "scheduled", "after": "none"}
    assert world.differences(run, shape) == []


def test_each_index_has_its_own_tries_after_its_list_was_cleared(small_world, graph, pushed):
    world = small_world
    shape = graph([("make", "each")], each={"expand": (("x", ("make", "return_value")),)})
    run = world.begin(shape)
    world.add_worker(slots=50)
    world.finish(world.tickets()[0], xcoms=(pushed(1),))
    world.go_on()
    world.end(*map(world.outcome, world.tickets()))
    world.clear(run, "make", "each")
    world.database.write(lambda c: recount.start_queued(c, run, **world.tools))
    world.finish(world.tickets()[0], xcoms=(pushed(2),))
    world.go_on()
    world.end(*(world.outcome(each, "failed", retry=True) for each in world.tickets()))
    assert world.states(run) == {"make": "success", "each[0]": "failed", "each[1]": "failed"}
