import os
import subprocess
import sys
from pathlib import Path

import pytest

# Where a provider is tested alone, there is nothing that could run a DAG
pytest.importorskip("tradewind")

EXAMPLE = Path(__file__).parents[1] / "examples" / "example_ssh.py"


@pytest.mark.long
@pytest.mark.backed_by("real", "OpenSSH")
def test_the_example_runs_on_a_real_server(sshd, tmp_path):
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "HOME": str(tmp_path),
        "TRADEWIND_CONN_SSH_DEFAULT": sshd.as_json(),
    }
    command = [sys.executable, "-m", "tradewind", "dags", "test", "example_ssh", "2026-11-23", "--file", str(EXAMPLE)]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not (Path(sshd.schema) / "tradewind_2026-11-23.txt").exists()
