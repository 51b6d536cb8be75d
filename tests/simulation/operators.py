"""People: they trigger runs, clear tasks, pause DAGs and change pools; and the processor, which brings new versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from simulation import orders, orders_of_upkeep
from simulation.actors import Actor, seconds
from simulation.faults import UNREACHABLE
from simulation.scenario import SimDag, SimTask, arrange
from simulation.upkeep import BEFORE
from tradewind.metadata import tables
from tradewind.metadata.statements import pools
from tradewind.metadata.statements.browsing import dags
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.transitions import assets, clear, runs
from tradewind.transitions.graph import descendants
from tradewind.transitions.values import AssetNews
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from simulation.world import World

Todo = tuple[datetime, int, str, str]


class OperatorActor(Actor):
    """Does what is on its list, each thing at its time; where the database is gone, a little later."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "operator")
        self.todo: list[Todo] = []
        for at, dag_id in world.scenario.runs:
            self._plan(at, "run", dag_id)
        for at, names in world.scenario.news:
            self._plan(at, "news", names)
        if "clear" in world.scenario.faults:
            for _ in range(3):
                self._plan(self.rng.uniform(5, 45), "clear", "")
        if "new version" in world.scenario.faults:
            self._plan(self.rng.uniform(0, 15), "version", self.rng.choice(world.scenario.dags).dag_id)
        if "pause" in world.scenario.faults:
            at, dag_id = self.rng.uniform(0, 30), self.rng.choice(world.scenario.dags).dag_id
            self._plan(at, "pause", dag_id)
            self._plan(at + self.rng.uniform(2, 30), "unpause", dag_id)
        if "pool resized" in world.scenario.faults and world.scenario.pools:
            at, (pool, slots) = self.rng.uniform(0, 25), self.rng.choice(world.scenario.pools)
            self._plan(at, "shrink", pool)
            self._plan(at + self.rng.uniform(2, 30), "grow", f"{pool} {slots}")
        for at, what, of in world.scenario.orders:
            self._plan(at, what, of)
        self.made = 0
        self._wait()

    def _plan(self, at: float, what: str, of: str) -> None:
        self.todo.append((self.world.clock.at + seconds(at), len(self.todo), what, of))
        self.todo.sort()

    def _wait(self) -> None:
        far = self.world.clock.at + timedelta(days=1)
        self.next_at = max(self.todo[0][0], self.world.clock.at) if self.todo else far

    def step(self) -> None:
        """See `Actor.step`."""
        _, _, what, of = self.todo[0]
        verbs: dict[str, Callable[[str], None]] = {
            "run": self._run,
            "news": self._tell,
            "clear": self._clear,
            "version": self._version,
            "pause": lambda dag_id: self._pause(dag_id, is_paused=True),
            "unpause": lambda dag_id: self._pause(dag_id, is_paused=False),
            "shrink": lambda pool: self._resize(pool, self.rng.choice([0, 1])),
            "grow": lambda words: self._resize(words.split()[0], int(words.split()[1])),
            **orders.verbs(self.world),
            **orders_of_upkeep.verbs(self.world),
        }
        try:
            verbs[what](of)
        except UNREACHABLE:
            self.next_at = self.world.clock.at + seconds(1)
            return
        self.todo.pop(0)
        self._wait()

    def _run(self, dag_id: str) -> None:
        world, dag = self.world, tables.dag.c
        dag_id = world.called(dag_id)

        def work(conn: sa.Connection) -> bool:
            # As `triggering.trigger` does: the DAG's row is locked before its version is read.
            runs.runs.gate(conn, dag_id)
            asked = sa.select(dag.version_id).where(dag.dag_id == dag_id, dag.is_active.is_(True))
            version = conn.execute(asked).scalar_one_or_none()
            if version is None:
                return False
            runs.create_run(
                conn,
                version_id=version,
                graph=world.versions[version],
                run_id=f"manual{self.made}",
                run_type="manual",
                logical_date=world.clock.at,
                data_interval_start=None,
                data_interval_end=None,
                conf={},
                triggered_by="cli",
                clock=world.clock,
                ids=world.ids,
            )
            return True

        if not world.write(work):
            world.note(f"operator is told that there is no DAG {dag_id}")
        self.made += 1
        world.notify(["scheduler"])

    def _tell(self, names: str) -> None:
        world = self.world
        told = [(AssetNews(f'{{"asset": "{name}"}}'), assets.Source()) for name in names.split()]
        world.write(assets.tell, told, now=world.clock.at, ids=world.ids)
        world.note(f"operator tells of new data in {names}")
        world.count("asset event")
        world.notify(["scheduler"])

    def _clear(self, _: str) -> None:
        world = self.world
        with world.database.read() as conn:
            found = list(conn.execute(sa.select(tables.dag_run.c.id).order_by(tables.dag_run.c.id)).scalars())
        if not found:
            return
        run = self.rng.choice(found)
        dag = world.dag_of(run)
        named = descendants(dag, [self.rng.choice(list(dag.tasks))])
        try:
            done = world.write(clear.clear, run, named, graphs=world.graphs, clock=world.clock, ids=world.ids)
        except (LookupError, TradewindException) as refused:
            world.note(f"operator may not clear: {refused}")
            return
        world.note(f"operator clears {sorted(named)} of {run % 10000}: {len(done.cleared)} instances")
        if done.cleared:
            world.count("clear")
        world.cleared(done.cleared)
        world.cleared_runs.add(run)
        world.notify(["scheduler"])

    def _version(self, dag_id: str) -> None:
        world = self.world
        if dag_id == BEFORE:
            return  # its next version has another id
        dag: SimDag = world.versions[world.current[dag_id]]
        more = SimTask("new", 0, upstream=(next(iter(dag.tasks)),))
        changed = replace(dag, tasks=arrange(list({**dag.tasks, more.task_id: more}.values())))
        world.current[dag_id] = world.write(world.add_version, changed)
        world.count("new version")

    def _pause(self, dag_id: str, *, is_paused: bool) -> None:
        world = self.world
        if not is_paused:
            world.unpaused.add(dag_id)
        dag_id = world.called(dag_id)
        world.write(dags.set_paused, DagFilter(frozenset({dag_id}), only_active=False), is_paused=is_paused)
        world.note(f"operator {'pauses' if is_paused else 'unpauses'} {dag_id}")
        world.count("pause")
        world.notify(["scheduler"])

    def _resize(self, pool: str, slots: int) -> None:
        world = self.world
        world.write(pools.set_pool, pool, slots=slots, description=None)
        world.note(f"operator gives {pool} {slots} slots")
        world.count("pool resized")
        world.notify(["scheduler"])
