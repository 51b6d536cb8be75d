"""Watchers of assets: who runs them, which of their events count, and what becomes of those that end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import assets, watchers
from tradewind.transitions import daemons, watching
from tradewind.transitions.states import TriggerEnd
from tradewind.transitions.watching import Seen

URI = "s3://lake/orders"


class Watch:
    """Watchers in the words of a test."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def put(self, *names: str, kwargs: str = "{}") -> None:
        rows = [{"dag_id": "d", "uri": URI, "name": name, "classpath": "m.Trigger", "kwargs": kwargs} for name in names]
        self.world.database.write(lambda conn: watchers.put(conn, ["d"], rows))

    def triggerer(self, name: str) -> str:
        world = self.world
        world.database.write(
            lambda conn: daemons.register(
                conn, daemon_id=name, kind="triggerer", host="h", pid=1, clock=world.clock, leases=world.leases
            )
        )
        return name

    def claim(self, triggerer: str, most: int = 10) -> list[Any]:
        return self.world.database.write(
            lambda conn: watching.claim(conn, triggerer, most=most, clock=self.world.clock)
        )

    def tell(self, triggerer: str, each: Any, how: str, found: Any = None, claim: int | None = None) -> int:
        seen = [Seen(each.id, each.claim if claim is None else claim, how, found)]
        world = self.world
        return world.database.write(lambda c: watching.tell(c, triggerer, seen, clock=world.clock, ids=world.ids))

    def events(self) -> list[Any]:
        with self.world.database.read() as conn:
            return [json.loads(each) for each in conn.execute(sa.select(tables.asset_event.c.extra)).scalars()]


@pytest.fixture
def watch(world: Any, graph: Any) -> Watch:
    version = world.add_dag(graph(tasks=["a"]))
    row = {"id": version, "dag_id": "d", "number": 1, "structure_hash": "s", "source_hash": "h", "bundle": "local"}
    row |= {"path": "d.py", "serialized": "{}", "created_at": world.clock.at}
    world.database.write(lambda conn: conn.execute(tables.dag_version.insert(), [row]))
    return Watch(world)


def test_each_watcher_is_one_triggerers_and_its_events_are_those_of_the_asset(world: Any, watch: Watch) -> None:
    watch.put("one", "two")
    world.database.write(
        lambda conn: assets.refer(
            conn, ["d"], [{"asset": assets.asset_key("asset", URI), "role": "schedule", "dag_id": "d", "task_id": ""}]
        )
    )
    here, there = watch.triggerer("here"), watch.triggerer("there")
    (first,) = watch.claim(here, most=1)
    (second,) = watch.claim(there)
    assert {first.name, second.name} == {"one", "two"}
    assert (watch.claim(here), watch.claim(here, most=0)) == ([], [])
    assert watch.tell(here, first, TriggerEnd.EVENT, {"rows": 3}) == 1
    assert watch.tell(here, first, TriggerEnd.EVENT, "more") == 1
    assert watch.tell(there, first, TriggerEnd.EVENT, "another's") == 0
    assert watch.tell(there, second, TriggerEnd.EVENT, "of an older claim", claim=0) == 0
    assert watch.events() == [{"from_trigger": True, "payload": found} for found in ({"rows": 3}, "more")]
    with world.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(tables.asset_queue)).scalar_one() == 2
        assert watchers.held(conn, here) == {(first.id, first.claim)}


def test_what_ends_is_run_again_after_a_while_and_what_fails_after_a_longer_one(world: Any, watch: Watch) -> None:
    watch.put("ends", "fails", "neighbour")
    here = watch.triggerer("here")
    ends, fails, neighbour = sorted(watch.claim(here), key=lambda each: each.name.replace("ends", "a"))
    watch.tell(here, ends, TriggerEnd.STOPPED)
    watch.tell(here, fails, TriggerEnd.FAILURE, "ValueError: no such queue")
    assert watch.claim(here) == []
    world.clock.pass_(seconds=1)
    (again,) = watch.claim(here)
    assert (again.name, again.claim) == ("ends", ends.claim + 1)
    with world.database.read() as conn:
        problems = {row.name: row.problem for row in watchers.find(conn)}
    assert problems == {"ends": None, "fails": "ValueError: no such queue", "neighbour": None}
    world.clock.pass_(seconds=29)
    assert [each.name for each in watch.claim(here)] == ["fails"]
    assert watch.tell(here, neighbour, TriggerEnd.EVENT) == 1


def test_they_rest_with_their_dag_and_begin_anew_with_a_new_version(world: Any, watch: Watch) -> None:
    watch.put("one", "gone")
    here = watch.triggerer("here")
    one = next(each for each in watch.claim(here) if each.name == "one")
    dag = tables.dag.update()
    world.database.write(lambda conn: conn.execute(dag.values(is_paused=True)))
    with world.database.read() as conn:
        assert watchers.held(conn, here) == frozenset(), "a paused DAG's are dropped"
    world.database.write(lambda conn: conn.execute(dag.values(is_paused=False)))
    watch.put("one", kwargs='{"queue":"new"}')
    assert watch.tell(here, one, TriggerEnd.EVENT, "of the old version") == 0
    (new,) = watch.claim(here)
    assert (new.name, new.kwargs, new.claim) == ("one", '{"queue":"new"}', 2)


def test_a_triggerer_that_ended_leaves_its_watchers_to_another(world: Any, watch: Watch) -> None:
    watch.put("one")
    here, there = watch.triggerer("here"), watch.triggerer("there")
    (held,) = watch.claim(here)
    world.clock.pass_(seconds=timedelta(days=1).total_seconds())
    world.database.write(lambda conn: daemons.end_daemon(conn, here, "gone", clock=world.clock))
    (taken,) = watch.claim(there)
    assert (taken.id, taken.claim) == (held.id, held.claim + 1)
    world.database.write(lambda conn: watchers.leave(conn, there))
    assert len(watch.claim(there)) == 1
