"""Twenty seconds of a hundred triggers a second, on PostgreSQL with all daemons: every one makes a run, and none is refused.

How fast they are is for `nox -s triggers`, on a machine that does nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import dag_run
from tradewind_perf.scenario import Bench
from tradewind_perf.scenarios.api import RATE, triggers
from tradewind_perf.servers import POSTGRESQL, Servers, Store

SECONDS = 20


class OneStore(Servers):
    """Servers that remember which database they gave away."""

    def store(self, kind: str) -> Store:
        """See `Servers.store`."""
        self.given = super().store(kind)
        return self.given


@pytest.fixture
def servers() -> Iterator[OneStore]:
    made = OneStore()
    yield made
    made.close()


@pytest.mark.long
def test_every_trigger_makes_a_run(servers: OneStore) -> None:
    bench = Bench(POSTGRESQL, repeat=1, scale=SECONDS / 60, servers=servers, say=lambda _text: None)
    [sample] = triggers(bench)  # raises where an answer is no success
    database = Database(servers.given.url)
    with database.read() as connection:
        query = sa.select(dag_run.c.state, sa.func.count().label("runs")).group_by(dag_run.c.state)
        counts = {row.state: row.runs for row in connection.execute(query)}
    database.dispose()
    assert counts == {"success": SECONDS * RATE + 1}  # one more to warm up
    assert sample["triggers / s"] > 1
