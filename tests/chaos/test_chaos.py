"""Chaos in CI: one seed, half a minute, on PostgreSQL; `nox -s chaos` has the long ones, on both databases."""

from __future__ import annotations

import pytest
from chaos.play import play

SECONDS = 20.0
SEED = 4


@pytest.mark.postgres
def test_no_promise_is_broken_while_everything_is_struck(capsys: pytest.CaptureFixture[str]) -> None:
    figures = play("postgresql", SEED, SECONDS, pause=0.8)
    said = capsys.readouterr().out
    assert figures.violations == [], f"{said}\n{figures.as_table()}"
    assert figures.executions > 50
    assert sum(figures.strikes.values()) > 10
