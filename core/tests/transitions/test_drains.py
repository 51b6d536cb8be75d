"""A drained worker finishes what it has and takes nothing new, by claim or hand-over; its neighbour goes on."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements import admission, drains, waits
from tradewind.transitions import draining, waiting


def drain(world: Any, name: str, kind: str = "worker", key: int = 1) -> None:
    row = {"id": key, "kind": kind, "name": name, "reason": "new disk", "drained_at": world.clock.at}
    world.database.write(lambda c: drains.add(c, row))


def slots(world: Any) -> dict[str, int]:
    with world.database.read() as conn:
        return dict(admission.limits(conn, pools=[], dags=[], sql_now=world.clock.sql_now()).executors)


def test_it_finishes_what_it_has_and_another_takes_what_follows(world, graph):
    world.add_worker("w1", slots=4)
    world.add_worker("w2", slots=4)
    shape = graph([("a", "b")], tasks=["x", "y"], a={"priority": 5})
    run = world.begin(shape)
    world.renew()
    world.admit()
    a = world.claim("w1", free=1)["a"]
    drain(world, "w1")
    assert slots(world) == {"local": 4}
    assert world.claim("w1") == {}
    done = world.end(world.outcome(a), claimer=world.claimer("w1"))
    assert (done.tickets, world.states(run)["b"]) == ((), "scheduled"), "what follows is not handed over either"
    world.admit()
    assert set(world.claim("w2")) == {"b", "x", "y"}
    with world.database.read() as conn:
        assert [(each.name, each.at_work) for each in drains.list_all(conn)] == [("w1", 0)]
    woken = world.database.write(lambda c: draining.release(c, [1]))
    assert woken == {"scheduler", "worker:local"}, "what is queued already waits for a worker, not for a scheduler"
    assert slots(world) == {"local": 8}
    assert world.differences(run, shape) == []


def test_where_every_worker_is_drained_that_is_why(small_world, graph):
    world = small_world
    world.add_worker("w1")
    run = world.begin(graph(tasks=["a", "b"]))
    world.renew()
    world.admit()
    drain(world, "h", "host")
    assert world.claim() == {}
    said = "Every live worker of local is drained: `tradewind drains list` shows since when and why."
    with world.database.read() as conn:
        (queued,) = waits.queued(conn)
        assert waiting.why_queued(queued, waits.workers(conn, sql_now=world.clock.sql_now())) == said
        limits = admission.limits(conn, pools=["default_pool"], dags=["d"], sql_now=world.clock.sql_now())
        needs = admission.Group("default_pool", "d", "local", 1, 1)
        assert waiting.why_ready(needs, limits, admission.occupancy(conn), {"scheduler"}) == said
    assert "worker:local" in world.database.write(lambda c: draining.release(c, [1]))
    assert set(world.claim()) == {"a", "b"}
    assert world.run_state(run) == "running"


def test_a_drain_of_another_host_is_about_nobody_here(small_world, graph):
    world = small_world
    world.add_worker("w1")
    world.begin(graph(tasks=["a"]))
    drain(world, "elsewhere", "host")
    drain(world, "w2", key=2)
    assert set(world.start()) == {"a"}
