"""Chaos in CI: one seed on PostgreSQL, and an outage; `nox -s chaos` has the long ones, on both databases."""

from __future__ import annotations

import pytest
from chaos.measure import outage
from chaos.play import play

pytestmark = pytest.mark.long

SECONDS = 15.0
SEED = 4
LEASES = {"DURATION": "2", "RENEW_EVERY": "0.6", "ISOLATION_GRACE": "60"}
SHORTER = {"DURATION": "1.5", "RENEW_EVERY": "0.5"}


@pytest.mark.postgres
def test_no_promise_is_broken_while_everything_is_struck() -> None:
    said: list[str] = []
    figures = play("postgresql", SEED, SECONDS, every=0.7, say=said.append)
    assert figures.violations == [], "\n".join([*said, figures.as_table()])
    assert figures.executions > 50
    assert sum(figures.strikes.values()) > 8


@pytest.mark.postgres
def test_an_outage_of_three_leases_starts_nothing_again_and_loses_no_outcome() -> None:
    figures = outage("postgresql", leases=LEASES).figures()
    assert [str(each) for each in figures if not each.holds] == []


@pytest.mark.postgres
def test_a_web_server_that_is_away_for_three_leases_kills_no_task_of_workers_that_know_it_alone() -> None:
    figures = outage("postgresql", leases=LEASES | SHORTER, tail=2.0, is_remote=True).figures()
    assert [str(each) for each in figures if not each.holds] == []
