"""The executor on a real Redis: what it sends, what it says of a broker that is away, and how much it takes."""

from __future__ import annotations

import base64
import json
import logging
import signal
import socket
import time

import pytest
import redis as client
from services.redis import PASSWORD
from tradewind_celery import app
from tradewind_celery.looking import Look, WorkerState
from tradewind_plugins.contracts.executor import Capacity, Ticket
from tradewind_plugins.exceptions import ConnectionFailed

pytestmark = pytest.mark.backed_by("real", "Redis")


def waiting(url, queue):
    """Return the messages of a queue, the oldest first."""
    with client.Redis.from_url(url) as connection:
        return [json.loads(each) for each in reversed(connection.lrange(queue, 0, -1))]


def test_a_message_is_plain_json_in_the_queue_of_its_ticket(setup_of, open_executor, redis):
    executor = open_executor(setup_of(default_queue="usual"))
    executor.submit([Ticket(instance=7, token=2), Ticket(instance=8, token=1, queue="large")])
    (message,), (other,) = waiting(redis, "usual"), waiting(redis, "large")
    assert message["content-type"] == "application/json"
    assert message["headers"]["id"] == "tradewind-7-2"
    args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
    assert (args, kwargs) == ([], {"instance": 7, "token": 2, "queue": None})
    assert other["headers"]["id"] == "tradewind-8-1"


@pytest.mark.parametrize("queue", ["", "a,b", " a", "q" * 201])
def test_a_queue_that_no_worker_can_name_is_refused(setup_of, open_executor, queue):
    (answer,) = open_executor(setup_of()).submit([Ticket(instance=1, token=1, queue=queue)])
    assert not answer.accepted
    assert "queue" in answer.reason


def test_a_broker_that_refuses_is_told_at_once_and_without_its_login(setup_of, open_executor, caplog):
    executor = open_executor(setup_of(broker_url="redis://:hidden@127.0.0.1:1/0"))
    for call in (executor.submit, executor.cancel, lambda _: executor.list_alive()):
        with pytest.raises(ConnectionFailed) as caught:
            call([Ticket(instance=1, token=1)])
        assert "redis://***@127.0.0.1:1/0 (option broker_url of CeleryExecutor" in str(caught.value)
        assert "hidden" not in f"{caught.value!r}{caught.value.__cause__!r}{executor!r}{caplog.text}"


@pytest.fixture
def impatient(monkeypatch):
    """Wait for brokers a sixth of the time."""
    monkeypatch.setattr(app, "REACH_SECONDS", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_never_answers_is_given_up_after_seconds(setup_of, open_executor, scheme):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        executor = open_executor(setup_of(broker_url=f"{scheme}://me:hidden@127.0.0.1:{port}/0"))
        began = time.monotonic()
        with pytest.raises(ConnectionFailed, match=r"broker_url"):
            executor.submit([Ticket(instance=1, token=1)])
        assert time.monotonic() - began < 10


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_falls_silent_is_given_up_after_seconds(setup_of, open_executor, redis_server):
    executor = open_executor(setup_of())
    executor.submit([Ticket(instance=1, token=1)])
    redis_server.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(ConnectionFailed):
            executor.submit([Ticket(instance=2, token=1)])
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert time.monotonic() - began < 15
    assert executor.submit([Ticket(instance=2, token=1)])[0].accepted


def test_a_wrong_password_is_told_without_the_password(setup_of, open_executor, redis):
    wrong = redis.replace(PASSWORD.replace(" ", "%20"), "guessed")
    with pytest.raises(ConnectionFailed, match="password") as caught:
        open_executor(setup_of(broker_url=wrong)).submit([Ticket(instance=1, token=1)])
    assert "guessed" not in str(caught.value)


def test_a_broker_that_lost_everything_is_used_again(setup_of, open_executor, work, calls, redis):
    setup = setup_of()
    work(setup)
    executor = open_executor(setup)
    executor.submit([Ticket(instance=1, token=1)])
    calls(Ticket(instance=1, token=1))[0].end()
    with client.Redis.from_url(redis) as connection:
        connection.flushdb()
    executor.submit([Ticket(instance=2, token=1)])
    calls(Ticket(instance=2, token=1))


def test_without_workers_the_setting_says_how_much_waits(setup_of, open_executor, until):
    executor = open_executor(setup_of())
    executor.submit([Ticket(instance=number, token=1) for number in (1, 2, 3)])
    until(lambda: executor.capacity() == Capacity(free=1, total=4), "three of four are taken")
    executor.submit([Ticket(instance=9, token=1)])
    assert executor.capacity().free == 0


def test_workers_say_how_much_they_take(setup_of, open_executor, work, until):
    setup = setup_of()
    executor = open_executor(setup)
    work(setup, concurrency=2)
    work(setup, concurrency=3, queues=["large"])
    until(lambda: executor.capacity() == Capacity(free=5, total=5), "both have answered")


def test_it_reaches_a_broker_again_that_was_away_though_nothing_is_sent(  # noqa: PLR0917 - fixtures
    setup_of, open_executor, until, redis_server, killed, caplog
):
    caplog.set_level(logging.INFO)
    executor = open_executor(setup_of())
    until(lambda: executor.list_alive() == [], "the broker is reached")
    with killed(redis_server):
        until(lambda: "it is tried again" in caplog.text, "it is told that the broker is away")
    until(lambda: "reaches its broker again" in caplog.text, "the broker is reached again")


def test_a_queue_whose_workers_are_busy_takes_nothing_from_the_others():
    one, other = Ticket(instance=1, token=1), Ticket(instance=2, token=1)
    busy = WorkerState(name="a", life="1", slots=1, queues=("large",), running=(one,))
    idle = WorkerState(name="b", life="2", slots=4, queues=("default",), waiting=(other,))
    assert Look(workers=(busy, idle), queued={"large": 100, "nobody": 100}).free() == 3
    assert Look(workers=(busy, idle), queued={"default": 2}).free() == 1
    assert Look(workers=(busy, idle), queued={"default": 200}).free() == 0
    assert Look(workers=(busy, idle)).alive == [one, other]
