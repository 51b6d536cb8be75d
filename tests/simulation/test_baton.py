"""The spine of the simulation: turns on PostgreSQL that wait for each other's locks, one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from simulation.baton import Turn
from simulation.drawing import generate
from simulation.jobs import Stages, databases
from simulation.play import Stage
from simulation.statement_log import StatementLog
from simulation.violation import Violation
from simulation.world import World
from tradewind.metadata.tables import pool

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A stage on a PostgreSQL of our own."""
    with databases("postgresql", 1) as urls:
        stages = Stages(urls[0])
        yield stages.get("postgresql")
        stages.close()


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    """A world in which nobody acts by himself, and every turn stops before each statement."""
    world = World(generate(0), stage.database, stage.calm, StatementLog(is_kept=True))
    world.baton.eagerness = 1.0
    with stage.database.transaction() as conn:
        conn.execute(pool.delete())
        conn.execute(pool.insert(), [{"name": "a", "slots": 1}, {"name": "b", "slots": 1}])
    stage.database.play(world)
    yield world
    world._clean_up()


def locking(world: World, *names: str) -> Callable[[], None]:
    """Return the step of a turn that locks pools, one after the other, in one transaction."""

    def work(conn: sa.Connection) -> None:
        for name in names:
            conn.execute(sa.select(pool.c.slots).where(pool.c.name == name).with_for_update())

    return lambda: world.database.write(work)


def go_on(world: World, turn: Turn, times: int) -> None:
    """Give a turn the baton so many times."""
    for _ in range(times):
        world.baton.resume(turn)


def test_who_waits_for_a_lock_is_parked_until_it_is_free(world: World) -> None:
    first, second = Turn("first", locking(world, "a")), Turn("second", locking(world, "a"))
    world.baton.start(first)
    go_on(world, first, 2)  # past its statement, before its commit
    world.baton.start(second)
    go_on(world, second, 2)
    assert second.sending is not None
    assert not second.sending.is_done
    assert world._choices() == [first] or first in world._choices()
    assert second not in world._choices()
    go_on(world, first, 1)
    assert first.dead
    assert second in world._choices()
    go_on(world, second, 2)
    assert second.dead
    assert [line for line in world.log.lines or () if "\t" in line and "SELECT" not in line] == [
        "second\twaits",
        "second\tgoes on",
        "first\tcommits",
        "second\tcommits",
    ]


def test_those_who_wait_for_the_same_lock_get_it_one_at_a_time(world: World) -> None:
    turns = [Turn(f"turn{n}", locking(world, "a", "b")) for n in range(4)]
    for turn in turns:
        world.baton.start(turn)
        go_on(world, turn, 2)
    while turns:
        able = [turn for turn in turns if turn in world._choices()]
        assert able, "everybody waits"
        go_on(world, able[0], 1)
        turns = [turn for turn in turns if not turn.dead]
    assert next(line for line in world.log.lines or () if line.endswith("\tcommits")) == "turn0\tcommits"
    assert world.fired["lock wait"] == 3


def test_a_cycle_of_waits_is_a_violation_that_names_both(world: World) -> None:
    first, second = Turn("first", locking(world, "a", "b")), Turn("second", locking(world, "b", "a"))
    for turn in (first, second):
        world.baton.start(turn)
        go_on(world, turn, 2)
    go_on(world, first, 1)
    assert first.sending is not None
    with pytest.raises(Violation, match=r"(?s)deadlock: second: SELECT.* \| first: SELECT"):
        go_on(world, second, 1)


def test_an_outage_ends_waits_and_undoes_what_was_begun(world: World) -> None:
    first, second = Turn("first", locking(world, "a")), Turn("second", locking(world, "a"))
    world.baton.start(first)
    go_on(world, first, 2)
    world.baton.start(second)
    go_on(world, second, 2)
    world.is_down = True
    world._turn_weather()
    assert second.sending is not None
    assert second.sending.is_done
    for turn in (second, first):
        with pytest.raises(sa.exc.OperationalError, match="the connection is gone"):
            go_on(world, turn, 2)
        assert turn.dead


def test_who_stood_still_through_an_outage_does_not_go_on_with_half_a_transaction(world: World) -> None:
    def work(conn: sa.Connection) -> None:
        for name in ("a", "b"):
            conn.execute(pool.update().where(pool.c.name == name).values(slots=7))

    turn = Turn("first", lambda: world.database.write(work))
    world.baton.start(turn)
    go_on(world, turn, 2)  # past its first statement
    for world.is_down in (True, False):
        world._turn_weather()
    with pytest.raises(sa.exc.OperationalError, match="the connection is gone"):
        go_on(world, turn, 3)
    assert world.calm.rows("SELECT slots FROM pool ORDER BY name") == [(1,), (1,)]
