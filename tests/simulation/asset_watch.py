"""What must be so of events of assets: each that was queued for a DAG makes exactly one run of it, and none waits for ever."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simulation.violation import Violation
from tradewind_plugins.assets import Asset, BaseAsset

if TYPE_CHECKING:
    from simulation.watching import Calm

_QUEUED = "SELECT dag_id, event FROM asset_queue"
_MADE = "SELECT dag_run.dag_id, asset_run.event FROM asset_run JOIN dag_run ON dag_run.id = asset_run.run"
_NEW = (
    "SELECT count(*) FROM asset_queue JOIN dag ON dag.dag_id = asset_queue.dag_id "
    "WHERE asset_queue.is_new IS TRUE AND dag.is_paused IS FALSE"
)
_READY = (
    "SELECT asset.uri FROM asset_queue JOIN dag ON dag.dag_id = asset_queue.dag_id "
    "JOIN asset ON asset.id = asset_queue.asset WHERE dag.is_paused IS FALSE AND dag.dag_id = 'consumer'"
)


class AssetWatch:
    """Remembers which events were ever seen to wait. Arguments: `condition`, of the DAG that is scheduled on assets."""

    def __init__(self, condition: BaseAsset | None) -> None:
        self._condition = condition
        self._queued: set[tuple[str, int]] = set()
        self._made: set[tuple[str, int]] = set()

    def look(self, calm: Calm) -> None:
        """Look at what is committed.

        Raises:
            Violation: an event made two runs of a DAG, or both waits and has made one, or vanished.
        """
        queued, made = ({(row[0], row[1]) for row in calm.rows(text)} for text in (_QUEUED, _MADE))
        self._queued |= queued
        self._made |= made  # a run may be deleted when it is over, and takes this with it
        twice = [key for key, count in Counter((row[0], row[1]) for row in calm.rows(_MADE)).items() if count > 1]
        if twice:
            raise Violation(f"event {twice[0][1] % 10000} made more than one run of {twice[0][0]}")
        if queued & self._made:
            raise Violation("an event that has made a run still waits")
        if lost := self._queued - queued - self._made:
            raise Violation(f"{len(lost)} events that waited are gone and have made no run")

    def has_work(self, calm: Calm) -> bool:
        """Tell whether events wait that a scheduler has yet to look at."""
        return bool(calm.rows(_NEW)[0][0])

    def at_the_end(self, calm: Calm) -> None:
        """Check that nothing waits that could make a run.

        Raises:
            Violation: naming what waits.
        """
        self.look(calm)
        waiting = {row[0] for row in calm.rows(_READY)}
        if self._condition is not None and self._condition.is_met({Asset(uri=uri) for uri in waiting}):
            raise Violation(f"events of {sorted(waiting)} wait at the end, and nobody makes a run of them")
