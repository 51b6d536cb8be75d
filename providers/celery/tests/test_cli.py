"""`tradewind celery` as people call it: real processes and a real Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest
from services.redis import PASSWORD
from tradewind_celery import cli
from tradewind_celery.cli import flower
from tradewind_plugins.exceptions import TradewindOptionalProviderFeatureException

SECONDS = 60


@pytest.fixture
def home(tmp_path, redis, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("TRADEWIND_HOME", str(folder))
    options = {"CeleryExecutor": {"broker_url": redis, "worker_concurrency": 1}}
    monkeypatch.setenv("TRADEWIND__EXECUTOR__OPTIONS", json.dumps(options))
    return folder


def tradewind(*words):
    """Run a command; return its exit code and all that it said."""
    command = [sys.executable, "-m", "tradewind", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.returncode, done.stdout + done.stderr


def end_of(pid):
    """Wait for the end of a process that is not ours."""
    psutil.Process(pid).wait(SECONDS)


@pytest.fixture
def daemon(home):
    """A worker in the background: its pid."""
    code, said = tradewind(
        "celery", "worker", "-D", "--without-mingle", "--hostname", "one", "--queues", "default,large"
    )
    assert code == 0, said
    pid = int((home / "tradewind-celery-worker.pid").read_text())
    yield pid
    if psutil.pid_exists(pid):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.backed_by("real", "Redis")
def test_a_worker_in_the_background_is_stopped_by_its_pid_file(home, daemon):
    code, said = tradewind("celery", "worker", "-D")
    assert code == 1
    assert f"A worker of Celery runs already, with pid {daemon}" in said
    assert tradewind("celery", "stop")[0] == 0
    end_of(daemon)
    assert not (home / "tradewind-celery-worker.pid").exists()
    assert PASSWORD not in (home / "tradewind-celery-worker.log").read_text()
    code, said = tradewind("celery", "stop")
    assert code == 1
    assert "No worker of Celery holds the pid file" in said


@pytest.mark.backed_by("real", "Redis")
def test_the_pid_file_of_one_that_was_killed_is_taken_over_and_the_next_is_stopped_by_its_name(home, daemon):
    os.kill(daemon, signal.SIGKILL)
    end_of(daemon)
    assert (home / "tradewind-celery-worker.pid").exists()
    assert tradewind("celery", "worker", "-D", "--without-mingle", "--hostname", "two")[0] == 0
    successor = int((home / "tradewind-celery-worker.pid").read_text())
    code, said = tradewind("celery", "stop", "--hostname", "other")
    assert code == 1
    assert f"two@{socket.gethostname()}" in said
    assert tradewind("celery", "stop", "--hostname", "two")[0] == 0
    end_of(successor)


def test_a_worker_that_cannot_start_says_why_at_once(home, monkeypatch):
    monkeypatch.setenv("TRADEWIND__EXECUTOR__OPTIONS", '{"CeleryExecutor": {"broker": "redis://x"}}')
    code, said = tradewind("celery", "worker", "-D")
    assert code == 1
    assert "did you mean broker_url?" in said
    assert "Traceback" not in said
    assert list(home.glob("tradewind-celery-worker.*")) == []


@pytest.mark.parametrize("words", [[], ["--help"], ["worker", "--help"], ["stop", "--help"], ["flower", "--help"]])
def test_each_command_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.celery(words)
    assert ended.value.code == 0
    assert "usage: tradewind celery" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["worker", "--queues", "a,,b"], "names of queues with commas between them are wanted"),
        (["worker", "--concurrency", "0"], "a number is wanted, 1 or more"),
        (["worker", "--autoscale", "2,4"], "the first number is the most"),
        (["worker", "--autoscale", "many"], "two numbers are wanted"),
        (["walker"], "invalid choice: 'walker'"),
    ],
)
def test_wrong_words_are_told(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.celery(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_missing_flower_says_what_to_install(monkeypatch):
    monkeypatch.setattr(flower.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(TradewindOptionalProviderFeatureException, match=r"pip install 'tradewind-celery\[flower\]'"):
        cli.celery(["flower"])


@pytest.mark.backed_by("real", "Redis")
def test_flower_serves(home, until):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tradewind", "celery", "flower", "--port", str(port)]
    with (home / "flower.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)

    def answer():
        assert process.poll() is None, (home / "flower.log").read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=5) as page:
                return page.status
        except OSError:
            return None

    try:
        assert until(answer, "Flower answers") == 200
    finally:
        process.terminate()
        process.wait(SECONDS)
    assert PASSWORD.replace(" ", "%20") not in (home / "flower.log").read_text()
