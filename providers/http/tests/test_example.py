import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Where a provider is tested alone, there is nothing that could run a DAG
pytest.importorskip("tradewind")

EXAMPLE = Path(__file__).parents[1] / "examples" / "example_http.py"


@pytest.mark.long
@pytest.mark.backed_by("real", "a web server of Python's")
def test_the_example_runs_on_a_real_server(web, tmp_path):
    def rates(asked):
        return (
            200,
            {"Content-Type": "application/json"},
            json.dumps({"day": asked.parameters["day"], "rates": {"GBP": 0.83}}),
        )

    web.answer("/v1/rates", (404, {}, ""), rates)
    web.answer("/v1/announcements", lambda asked: (200, {}, asked.body.decode()))
    connection = {"conn_type": "http", "host": f"{web.url}/v1", "login": "me", "password": "pw"}
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "TRADEWIND_CONN_HTTP_DEFAULT": json.dumps(connection),
    }
    command = [sys.executable, "-m", "tradewind", "dags", "test", "example_http", "2026-11-23", "--file", str(EXAMPLE)]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert web.of("/v1/announcements")[0].body == b'{"text": "GBP is 0.83"}'
    assert web.asked[-1].login == "me:pw"
