"""Twenty seconds of a hundred triggers a second, on PostgreSQL with all daemons: every one makes a run, and none is refused.

How fast they are is for `nox -s triggers`, on a machine that does nothing else; there the runs are also run to their end.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tradewind.metadata.tables import dag_run
from tradewind_perf.scenarios.api import RATE, Client, make_token, trigger_steadily
from tradewind_perf.servers import POSTGRESQL, Servers
from tradewind_perf.stage import Stage, open_stage

SECONDS = 20


@pytest.fixture
def stage() -> Iterator[Stage]:
    """All daemons on a DAG that is paused, so that other tests have the processors that its tasks would take."""
    servers = Servers()
    with open_stage(servers.store(POSTGRESQL), files=("perf_api.py",)) as made:
        made.start("webserver")
        yield made
    servers.close()


@pytest.mark.long
def test_every_trigger_makes_a_run(stage: Stage) -> None:
    token = make_token(stage)
    client = Client(stage, token)
    client.ask("PATCH", "/api/v1/dags/perf_api", {"is_paused": True})
    client.close()
    sample = trigger_steadily(stage, token, SECONDS)  # raises where an answer is no success
    with stage.database.read() as connection:
        query = sa.select(dag_run.c.state, sa.func.count().label("runs")).group_by(dag_run.c.state)
        counts = {row.state: row.runs for row in connection.execute(query)}
    assert counts == {"queued": SECONDS * RATE}
    assert sample["triggers / s"] > 1
