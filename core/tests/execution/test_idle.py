"""What an idle worker costs: a real supervisor, its intervals made shorter by one factor, counted from renewal to renewal."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tradewind.execution import supervisor as supervising
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.logs import FileLogStore
from tradewind.execution.settings import WorkerSettings
from tradewind.execution.supervisor import Supervisor
from tradewind.metadata.wakeups import IDLE_POLL_SECONDS, open_wakeups, worker_channel

FASTER = 30
RENEWALS = 20
RENEW_SECONDS = 3.0


class Counted(DirectLifecycle):
    """Tells at the renewal that ends the minute."""

    renewals = 0

    def renew(self, *, with_tries: bool = True):
        self.renewals += 1
        if self.renewals == RENEWALS:
            self.over()
        return super().renew(with_tries=with_tries)


def test_an_idle_worker_asks_at_most_one_statement_a_second(house, statements, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(supervising, "IDLE_POLL_SECONDS", IDLE_POLL_SECONDS / FASTER)
    settings = WorkerSettings(
        str(uuid4()), house.home, renew_every=RENEW_SECONDS / FASTER, poll_every=1 / FASTER, slots=4
    )
    lifecycle = Counted(settings, house.config, house.database, graphs=house.graphs, clock=house.clock, ids=house.ids)
    ear = open_wakeups(house.database, house.home, listen=[worker_channel("LocalExecutor")])
    supervisor = Supervisor(settings, lifecycle, FileLogStore(house.config.logs.folder), ear)
    lifecycle.over = supervisor.drain
    with statements.recorded(house.database):
        assert supervisor.run() == 0
    ear.close()
    # Its registration and its end are no part of idling
    idle = [text for text in statements.texts if "INSERT INTO daemon" not in text and "ended_at=" not in text]
    assert len(idle) <= RENEWALS * RENEW_SECONDS, "\n".join(idle)
    assert sum(text.startswith("UPDATE daemon") for text in idle) >= RENEWALS - 1
