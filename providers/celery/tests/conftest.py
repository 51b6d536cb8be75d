from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as client
from kombu import Connection
from services import rabbitmq as rabbitmq_service
from services import redis as service
from tradewind_celery import looking
from tradewind_celery.executors import celery_executor
from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_testing.far_end import FarEnd

FORGE = Path(__file__).parent / "forge.py"
SECONDS = 30


def require(name, is_there, missing):
    """Skip the test where a service is not installed; in CI, which installs all of them, fail."""
    if is_there:
        return
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Forge:
    """A process that has imported what a worker imports, and forks one each time that it is asked, as that takes a second less."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(FORGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **words):
        """Have it do something and return its answer."""
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        assert select.select([self.process.stdout], [], [], SECONDS)[0], f"no answer to {words['do']}"
        return json.loads(self.process.stdout.readline())

    def close(self):
        """End it."""
        self.process.stdin.close()
        self.process.wait(SECONDS)
        self.process.stdout.close()


class Worker:
    """A Celery worker in a process of its own.

    Arguments:
        forge: it comes from there.
        setup: the executor's.
        log: the file of its output.
        wanted: see `tradewind_celery.worker.WorkerOptions`.
        command: what it calls for `tradewind`; None for what it is.
    """

    def __init__(self, forge, setup, log, command=None, **wanted):
        self.forge = forge
        self.log = log
        log.touch()
        self.code = None
        wanted = {
            "concurrency": 4,
            "mingles": False,
            "hostname": f"w{os.getpid()}-{time.monotonic_ns()}@test",
            **wanted,
        }
        self.hostname = wanted["hostname"]
        self.pid = forge.ask(do="start", setup=setup.to_dict(), log=str(log), wanted=wanted, command=command)["pid"]
        self.until_logged(" ready.")

    def until_logged(self, text):
        """Wait until it has written something."""
        until(lambda: text in self.log.read_text() or self.has_ended(), f"{text!r} in the log")
        assert text in self.log.read_text(), self.log.read_text()

    def has_ended(self):
        """Tell whether it has ended."""
        if self.code is None:
            self.code = self.forge.ask(do="poll", pid=self.pid)["code"]
        return self.code is not None

    def kill(self, number=signal.SIGKILL):
        """Send it a signal."""
        if not self.has_ended():
            os.kill(self.pid, number)

    def wait(self):
        """Wait for its end."""
        until(self.has_ended, "the worker ends")
        return self.code


def until(condition, what, seconds=SECONDS):
    """Wait until a condition holds, and return what it gave."""
    limit = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < limit, f"waited {seconds} s in vain: {what}"
        select.select([], [], [], 0.02)


@pytest.fixture(scope="session")
def forge():
    made = Forge()
    yield made
    made.close()


@pytest.fixture
def work(forge, tmp_path):
    """A maker of workers; they are killed at the end."""
    made = []

    def make(setup, **wanted):
        made.append(Worker(forge, setup, tmp_path / f"worker-{len(made)}.log", **wanted))
        return made[-1]

    yield make
    for each in made:
        each.kill()
        each.wait()


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch):
    """Ask workers more often, and wait less for those on this machine."""
    monkeypatch.setattr(looking, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(celery_executor, "LOOK_SECONDS", 0.1)


@pytest.fixture(scope="session")
def redis_server():
    """A real Redis, started once a session, which can be stopped and started again."""
    require("Redis", service.is_installed(), service.MISSING)
    with service.redis_that_restarts() as server:
        yield server


@pytest.fixture(scope="session")
def killed():
    """What kills a server, and starts it again when the block ends: whatever happens, the tests after it find it."""

    @contextmanager
    def away(server):
        server.stop(signal.SIGKILL)
        try:
            yield
        finally:
            server.start()

    return away


@pytest.fixture
def redis(redis_server):
    """The URL of a real Redis with nothing in it."""
    with client.Redis.from_url(redis_server.url) as connection:
        connection.flushdb()
    return redis_server.url


@pytest.fixture(scope="session")
def rabbitmq_server():
    """A real RabbitMQ, started once a session."""
    require("RabbitMQ", rabbitmq_service.is_installed(), rabbitmq_service.MISSING)
    with rabbitmq_service.rabbitmq_that_restarts() as server:
        yield server


@pytest.fixture
def rabbitmq(rabbitmq_server):
    """The URL of a real RabbitMQ whose queues are gone."""
    with Connection(rabbitmq_server.url) as connection:
        for queue in ("default", "large", "kept"):
            connection.default_channel.queue_delete(queue)
    return rabbitmq_server.url


@pytest.fixture
def open_executor():
    """A maker of executors that are started; they are stopped at the end."""
    made = []

    def open_one(setup):
        made.append(celery_executor.CeleryExecutor.open(setup))
        made[-1].start()
        return made[-1]

    yield open_one
    for each in made:
        each.stop()


@pytest.fixture(name="until", scope="session")
def until_fixture():
    """What waits for a condition."""
    return until


@pytest.fixture
def far_end(tmp_path):
    """The program that is called for `tradewind`."""
    with FarEnd(tmp_path / "far-end") as made:
        yield made


@pytest.fixture
def setup_of(far_end, redis, tmp_path):
    """What makes a setup whose tickets get to the far end; options come on top."""

    def make(**options):
        return ExecutorSetup(
            name="CeleryExecutor",
            home=str(tmp_path),
            slots=4,
            environ=far_end.environ(),
            options={"broker_url": redis, **options},
        )

    return make


@pytest.fixture
def calls(far_end):
    """What waits until a ticket's command was started so often, and returns the starts."""

    def started(ticket, times=1):
        until(lambda: len(far_end.calls_of(ticket)) >= times, f"{ticket} starts {times} times")
        return far_end.calls_of(ticket)

    return started
