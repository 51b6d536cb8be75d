import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind_amazon.hooks.s3 import S3Hook

pytestmark = pytest.mark.backed_by("emulator", "moto")

pytest.importorskip("tradewind", reason="what runs a DAG is not installed where a provider is tested alone")
EXAMPLE = Path(__file__).parents[1] / "examples" / "example_amazon.py"


@pytest.mark.long
def test_the_example_runs(aws, moto_url, tmp_path):
    extra = {"endpoint_url": moto_url, "region_name": "eu-west-1"}
    connection = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "TRADEWIND_CONN_AWS_DEFAULT": json.dumps(connection),
    }
    command = [
        sys.executable,
        "-m",
        "tradewind",
        "dags",
        "test",
        "example_amazon",
        "2026-11-23",
        "--file",
        str(EXAMPLE),
    ]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "success  delete_bucket" in ended.stdout
    assert not S3Hook().check_for_bucket("tradewind-example")
