"""Watchers of assets: triggers that run as long as their DAG does; each event of theirs is an event of the asset.

An event counts where the watcher is still its triggerer's own, under the claim with which it runs. So none is counted from a
triggerer that was taken for dead, and what was told by a version that has been replaced is not told by the new one's name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import watchers
from tradewind.metadata.statements.watchers import Watching
from tradewind.transitions import assets
from tradewind.transitions.states import TriggerEnd
from tradewind.transitions.values import AssetNews

PAUSE_AFTER_END: Final = timedelta(seconds=1)
PAUSE_AFTER_FAILURE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watcher's trigger has to say: an event with its payload, that it has ended, or that it failed, and how."""

    watcher: int
    claim: int
    how: str
    found: Any


def claim(conn: sa.Connection, triggerer: str, *, most: int, clock: Clock) -> list[Watching]:
    """Give a triggerer up to `most` watchers that nobody runs, or whose triggerer has ended."""
    return watchers.claim(conn, triggerer, now=clock.now(), most=most) if most > 0 else []


def tell(conn: sa.Connection, triggerer: str, seen: Sequence[Seen], *, clock: Clock, ids: Ids) -> int:
    """Write events of assets, in the order in which they were seen, and let what ended rest a while; return the events."""
    now = clock.now()
    owned = watchers.lock(conn, triggerer, {each.watcher for each in seen})
    current = [each for each in seen if each.watcher in owned and owned[each.watcher][0] == each.claim]
    news = [
        (_news(owned[each.watcher][1], each.found), assets.Source()) for each in current if each.how == TriggerEnd.EVENT
    ]
    if news:
        assets.tell(conn, news, now=now, ids=ids)
    for each in current:
        if each.how == TriggerEnd.STOPPED:
            watchers.rest(conn, each.watcher, until=now + PAUSE_AFTER_END, problem=None)
        elif each.how == TriggerEnd.FAILURE:
            watchers.rest(conn, each.watcher, until=now + PAUSE_AFTER_FAILURE, problem=str(each.found))
    return len(news)


def _news(uri: str, payload: Any) -> AssetNews:
    extra = {"from_trigger": True, "payload": payload}
    return AssetNews(asset=json.dumps({"asset": uri}), extra=json.dumps(extra))
