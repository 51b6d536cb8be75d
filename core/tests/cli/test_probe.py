"""The health endpoint of daemons: red while the loop stands still, whatever else the process does."""

from __future__ import annotations

import dataclasses
import json
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tradewind.cli.errors import CommandError
from tradewind.cli.processes.probe import open_probe, require_probes_free
from tradewind.config import Config, load


@pytest.fixture
def config(tmp_path: Path) -> Config:
    loaded = load(tmp_path, {}).config
    return dataclasses.replace(loaded, scheduler=dataclasses.replace(loaded.scheduler, health_check_port=0))


def ask(port: int | None, path: str = "/livez") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["status"]
    finally:
        connection.close()


def test_it_tells_whether_the_loop_moves(config: Config) -> None:
    age: list[float | None] = [None]
    probe = open_probe(True, config, "scheduler", age=lambda: age[0])
    assert ask(probe.port) == (503, "starting")
    age[0] = 0.5
    assert ask(probe.port) == (200, "healthy")
    assert ask(probe.port, "/health") == (200, "healthy")
    assert ask(probe.port, "/secrets") == (404, "not found")
    age[0] = config.leases.duration + 0.1
    assert ask(probe.port) == (503, "stalled")
    age[0] = 0.0
    assert ask(probe.port) == (200, "healthy")
    probe.close()


def test_it_is_closed_unless_asked_for(config: Config) -> None:
    probe = open_probe(False, config, "scheduler")
    assert probe.port is None
    probe.close()


def test_a_port_in_use_is_named_with_its_keys(config: Config) -> None:
    taken = open_probe(True, config, "scheduler", age=lambda: 0.0)
    assert taken.port is not None
    same = dataclasses.replace(config, parsing=dataclasses.replace(config.parsing, health_check_port=taken.port))
    with pytest.raises(CommandError, match=r"Address already in use\. Set parsing\.health_check_port"):
        open_probe(True, same, "parsing")
    enabled = dataclasses.replace(same.parsing, enable_health_check=True)
    with pytest.raises(CommandError, match="health check cannot listen"):
        require_probes_free(dataclasses.replace(same, parsing=enabled))
    assert ask(taken.port)[0] == 200, "the good neighbour answers"
    taken.close()
