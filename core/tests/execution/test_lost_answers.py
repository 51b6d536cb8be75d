"""An answer of the database that gets lost: what was claimed is started once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.settings import worker_settings

TWO = "from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def a(): ...\n    @task\n    def b(): ...\n    a(); b()\n"


def test_what_was_claimed_before_the_connection_broke_is_started_once(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.deploy(TWO)
    lifecycle = DirectLifecycle(
        worker_settings(house.config, "w1"),
        house.config,
        house.database,
        graphs=house.graphs,
        clock=house.clock,
        ids=house.ids,
    )
    lifecycle.register()
    house.start_run()
    prepare = lifecycle._starts.prepare

    def cut_off(_claimed: Any) -> Any:
        monkeypatch.setattr(lifecycle._starts, "prepare", prepare)
        raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(lifecycle._starts, "prepare", cut_off)
    with pytest.raises(Unreachable):
        lifecycle.exchange([], 2, "nonce")
    again = lifecycle.exchange([], 2, "nonce")
    assert sorted(each.task_id for each in again.starts) == ["a", "b"]
    assert lifecycle.exchange([], 2, "another").starts == ()
