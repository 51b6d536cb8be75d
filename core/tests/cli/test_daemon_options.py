"""The daemons' options in the foreground: files of their own, and an end after so many rounds."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tradewind.cli.processes.pid_file import PidFile


def tradewind(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own: it turns its streams elsewhere."""
    return subprocess.run([sys.executable, "-m", "tradewind", *words], capture_output=True, text=True, check=False)


def test_each_file_may_be_named_without_running_in_the_background(dags: Path, home: Path) -> None:
    (dags / "bad.py").write_text("from tradewind import DAG\nraise ValueError('broken')\n")
    files = {name: home / "own" / f"x.{name}" for name in ("pid", "log", "out", "err")}
    files["pid"].parent.mkdir()
    words = ["--pid", str(files["pid"]), "--log-file", str(files["log"])]
    streams = ["--stdout", str(files["out"]), "--stderr", str(files["err"])]
    done = tradewind("dag-processor", "--once", *words, *streams)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "bad.py, line 2: ValueError: broken" in files["log"].read_text()
    assert not files["pid"].exists()

    held = PidFile.take(files["pid"], "dag-processor")
    refused = tradewind("dag-processor", "--once", *words)
    assert refused.returncode == 1
    assert refused.stderr.startswith("tradewind: The dag-processor runs already, with pid ")
    held.release()


def test_a_home_in_memory_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Path("/dev/shm")  # noqa: S108  (a tmpfs, which is what is meant)
    if not memory.is_dir():
        pytest.skip("there is no /dev/shm")
    with tempfile.TemporaryDirectory(dir=memory) as home:
        monkeypatch.setenv("TRADEWIND_HOME", home)
        assert tradewind("db", "migrate").returncode == 0
        (Path(home) / "dags").mkdir()
        done = tradewind("dag-processor", "--once", "--pid", f"{home}/x.pid")
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("daemon", ["scheduler", "dag-processor", "worker"])
def test_told_to_stop_while_it_still_starts_it_stops_in_order(
    daemon: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = home / "x.pid"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        monkeypatch.setenv("TRADEWIND__DATABASE__URL", url)
        process = subprocess.Popen(
            [sys.executable, "-m", "tradewind", daemon, "--pid", str(pid_file)], stderr=subprocess.PIPE, text=True
        )
        silent.settimeout(30)
        with silent.accept()[0]:  # it asks the database for the first time, and waits for the answer
            assert pid_file.exists()
            process.send_signal(signal.SIGTERM)
            assert (process.communicate(timeout=60)[1], process.returncode) == ("", 0)
    assert not pid_file.exists()


def test_a_file_that_cannot_be_written_is_named(home: Path) -> None:
    done = tradewind("dag-processor", "--once", "--stdout", str(home / "no" / "folder"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"tradewind: {home}/no/folder cannot be written: No such file or directory.")
    done = tradewind("dag-processor", "--once", "--log-file", str(home / "no" / "log"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"tradewind: {home}/no/log cannot be written: No such file or directory.")
    assert len(done.stderr.splitlines()) == 1


def test_they_end_after_so_many_rounds(home: Path) -> None:
    (home / "dags").mkdir()
    for words in (["scheduler", "--num-runs", "1"], ["dag-processor", "--num-runs", "1"]):
        done = tradewind(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
