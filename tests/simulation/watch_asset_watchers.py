"""Watchers of assets: one triggerer at a time runs each, only its events count, and all that there is to see is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.asset_watchers import moments_of
from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import Calm, History, Seen

if TYPE_CHECKING:
    from simulation.world import World

_WATCHERS = "SELECT id, dag_id, name, kwargs, triggerer, claim, due_at FROM asset_watcher"
_EVENTS = "SELECT id, extra FROM asset_event WHERE dag_id IS NULL ORDER BY id"
_LIVE = "SELECT id FROM daemon WHERE ended_at IS NULL"
_PAUSED = "SELECT dag_id FROM dag WHERE is_paused IS TRUE"


@dataclass(frozen=True)
class WatcherSeen:
    """A watcher's row."""

    id: int
    dag_id: str
    name: str
    kwargs: str
    triggerer: str | None
    claim: int
    due_at: int | None


class AssetWatcherWatch(Watch):
    """Knows who runs each watcher, what it was told, and that the world saw it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._rows: dict[int, WatcherSeen] = {}
        self._events: set[int] = set()
        self._paused: History[frozenset[str]] = History()
        self._paused.put(0, frozenset())

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        calm = self.world.calm
        self._paused.put(self.world.commits, frozenset(row[0] for row in calm.rows(_PAUSED)))
        rows = rows_now(calm)
        for key, extra in calm.rows(_EVENTS):
            if key not in self._events:
                self._events.add(key)
                self._told(json.loads(extra))
        for row in rows.values():
            was = self._rows.get(row.id)
            if row.triggerer is not None and (was is None or (was.triggerer, was.claim) != (row.triggerer, row.claim)):
                self._claimed(was, row, turn)
        self._rows = rows

    def _told(self, extra: dict[str, object]) -> None:
        """Look at a new event: its watcher was that triggerer's, under that claim and with that code, until this commit."""
        if not extra.get("from_trigger"):
            return
        said = extra["payload"]
        if not isinstance(said, dict):
            raise Violation(f"an event of a watcher says {said}")
        name, number = said["name"], said["number"]
        mine = [row for row in self._rows.values() if row.name == name]
        if [(row.triggerer, row.claim) for row in mine] != [(said["by"], said["claim"])]:
            raise Violation(
                f"an event of {name} counts from {said['by']} under claim {said['claim']}, but it is {mine}"
            )
        if mine[0].kwargs != said["kwargs"]:
            raise Violation(f"an event of {name} counts that {said['kwargs']} saw, but the watcher is {mine[0].kwargs}")
        if moments_of(self.world, name)[number] > self.world.clock.at:
            raise Violation(f"{name} tells of what has not happened")
        self.world.count("watcher event" if (name, number) not in self.world.told_sightings else "watcher event again")
        self.world.told_sightings.add((name, number))

    def _claimed(self, was: WatcherSeen | None, row: WatcherSeen, turn: Turn) -> None:
        if row.claim != (0 if was is None else was.claim) + 1:
            raise Violation(f"watcher {row.name} has claim {row.claim}, before it {was}")
        if was is None:
            return  # the first look of all
        if was.triggerer in {each[0] for each in self.world.calm.rows(_LIVE)}:
            raise Violation(f"watcher {row.name} is taken from {was.triggerer}, which lives")
        if was.due_at is not None and was.due_at > self.world.now_stored():
            raise Violation(f"watcher {row.name} is claimed before its pause is over")
        if row.dag_id in frozenset.intersection(*self._paused.since(turn.began_at)):
            raise Violation(f"watcher {row.name} is claimed though {row.dag_id} is paused")
        self.world.count("watcher claimed" if was.triggerer is None else "watcher taken over")

    def is_at_rest(self) -> bool:
        """See `Watch.is_at_rest`: all that there is to see has been told once at least."""
        wanted = {
            (row.name, number) for row in self._rows.values() for number in range(len(moments_of(self.world, row.name)))
        }
        return wanted <= self.world.told_sightings


def rows_now(calm: Calm) -> dict[int, WatcherSeen]:
    """Return all watchers."""
    return {row[0]: WatcherSeen(*row) for row in calm.rows(_WATCHERS)}
