"""Admission: limits are kept, room is used, priority counts, and full buckets starve nobody."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tradewind.metadata.statements.admission import Candidate, Limits, Occupancy
from tradewind.transitions.admission import Room, choose, prefetch


def count(world, run):
    return Counter(world.states(run).values())


def test_a_pool_is_filled_and_never_more(world, graph):
    world.add_worker(slots=50)
    world.add_pool("small", 3)
    run = world.begin(graph(tasks=[f"t{n}" for n in range(8)], **{f"t{n}": {"pool": "small"} for n in range(8)}))
    assert world.admit().count == 3
    assert world.admit().count == 0
    tickets = world.claim(free=50)
    world.end(*(world.outcome(each) for each in list(tickets.values())[:2]))
    assert world.admit().count == 2
    assert count(world, run)["scheduled"] == 3


def test_a_dag_starts_no_more_than_its_active_tasks(world, graph):
    world.add_worker(slots=50)
    world.begin(graph(tasks=[f"t{n}" for n in range(8)]), max_active_tasks=2)
    assert world.admit().count == 2
    assert world.admit().count == 0


def test_an_executor_gets_its_slots_and_a_small_prefetch(world, graph):
    world.add_worker(slots=2)
    world.begin(graph(tasks=[f"t{n}" for n in range(20)]), max_active_tasks=100)
    assert world.admit().count == 2 + prefetch(2)


def test_without_a_live_worker_the_backlog_waits(world, graph):
    world.begin(graph(tasks=["a"]))
    assert world.admit().count == 0
    world.add_worker()
    world.clock.pass_(seconds=11)
    admitted = world.admit()
    assert (admitted.count, admitted.waiting) == (0, 1)
    world.renew()
    assert world.admit().count == 1


def test_higher_priority_is_admitted_and_claimed_first(world, graph):
    world.add_worker(slots=50)
    world.add_pool("two", 2)
    tasks = {f"t{n}": {"pool": "two", "priority": n} for n in range(6)}
    world.begin(graph(tasks=tasks, **tasks))
    world.admit()
    assert list(world.claim(free=1)) == ["t5"]
    assert list(world.claim(free=1)) == ["t4"]


def test_a_full_pool_starves_no_other_even_behind_a_small_limit(world, graph):
    world.add_worker(slots=50)
    world.add_pool("full", 1)
    many = {f"t{n}": {"pool": "full", "priority": 100} for n in range(30)}
    run = world.begin(graph(tasks=[*many, "other"], **many, other={"priority": 1}), max_active_tasks=100)
    assert world.admit(limit=1).count == 1
    assert world.admit(limit=1).count == 1
    assert world.states(run)["other"] == "queued"


def test_a_task_too_big_for_what_is_left_lets_a_smaller_one_pass(world, graph):
    world.add_worker(slots=50)
    world.add_pool("three", 3)
    big = {"pool": "three", "pool_slots": 2, "priority": 9}
    run = world.begin(graph(tasks=["b1", "b2", "s"], b1=big, b2=big, s={"pool": "three"}))
    world.admit()
    assert world.states(run) == {"b1": "queued", "b2": "scheduled", "s": "queued"}


def test_a_pool_that_does_not_exist_admits_nothing(world, graph):
    world.add_worker()
    world.begin(graph(tasks=["a"], a={"pool": "nowhere"}))
    assert world.admit().count == 0


sizes = st.integers(1, 4)
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.integers(0, 10**6),
        pool=st.sampled_from("pq"),
        dag_id=st.sampled_from("de"),
        executor=st.sampled_from("xy"),
        pool_slots=sizes,
        priority=st.integers(0, 5),
    ),
    max_size=30,
)
buckets = st.dictionaries(st.sampled_from("pqdexy"), st.integers(0, 12))


@given(candidates, buckets, buckets, st.integers(1, 30))
def test_choosing_keeps_every_limit_and_leaves_out_nothing_that_fits(found, most, taken, limit):
    room = Room(Limits(most, most, most), Occupancy(taken, taken, taken))
    chosen = choose(found, room, limit=limit)
    slots = Counter(taken)
    for each in chosen:
        slots.update({each.pool: each.pool_slots})
    assert all(slots[name] <= most.get(name, 0) for name in {each.pool for each in chosen})
    if len(chosen) < limit:
        assert not any(room.fits(each) for each in found if not any(each is other for other in chosen))
