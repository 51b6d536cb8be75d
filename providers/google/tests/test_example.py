import os
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind_google.hooks.gcs import GCSHook

pytest.importorskip("tradewind", reason="what runs a DAG is not installed where a provider is tested alone")
EXAMPLE = Path(__file__).parents[1] / "examples" / "example_google.py"


@pytest.mark.long
@pytest.mark.backed_by("emulator", "fake-gcs-server")
def test_the_example_runs(google, tmp_path):
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "TRADEWIND_CONN_GOOGLE_CLOUD_DEFAULT": google.as_json(),
    }
    command = [
        sys.executable,
        "-m",
        "tradewind",
        "dags",
        "test",
        "example_google",
        "2026-11-23",
        "--file",
        str(EXAMPLE),
    ]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "success  delete_bucket" in ended.stdout
    assert not GCSHook().has_bucket("tradewind-example")
