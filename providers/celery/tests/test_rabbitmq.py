"""The executor and its workers on a real RabbitMQ, which takes ten seconds to start: only what differs from Redis."""

from __future__ import annotations

import signal

import pytest
from tradewind_plugins.contracts.executor import Ticket
from tradewind_plugins.exceptions import ConnectionFailed

pytestmark = [pytest.mark.backed_by("real", "RabbitMQ"), pytest.mark.long]


@pytest.fixture
def setup(setup_of, rabbitmq):
    return setup_of(broker_url=rabbitmq)


def test_a_worker_that_dies_gives_its_messages_back_at_once(setup, open_executor, work, calls, until):
    executor = open_executor(setup)
    first = work(setup, concurrency=1, queues=["large"])
    tickets = [Ticket(instance=number, token=1, queue="large") for number in (1, 2)]
    executor.submit(tickets)
    (call,) = calls(tickets[0])
    until(lambda: executor.capacity().free == 0, "its slot is taken")
    first.kill()
    first.wait()
    work(setup, queues=["large"])
    again = calls(tickets[0], 2)[1]
    again.end()
    calls(tickets[1])[0].end(3)
    hints = []
    until(
        lambda: hints.extend(executor.observe()) or [each for each in hints if each.exit_code == 3], "its end is told"
    )
    assert call.is_running


def test_cancelled_messages_never_start_and_commands_end(setup, open_executor, work, calls, far_end):
    executor = open_executor(setup)
    work(setup, concurrency=1)
    running, waiting, last = (Ticket(instance=number, token=1) for number in (11, 12, 13))
    executor.submit([running, waiting, last])
    (call,) = calls(running)
    executor.cancel([waiting, running])
    assert call.wait(20)
    calls(last)
    assert far_end.calls_of(waiting) == []


def test_a_login_that_is_refused_is_told_without_it(setup_of, open_executor, rabbitmq):
    executor = open_executor(setup_of(broker_url=rabbitmq.replace("guest:guest", "guest:hidden")))
    with pytest.raises(ConnectionFailed, match="broker_url") as caught:
        executor.submit([Ticket(instance=1, token=1)])
    assert "hidden" not in str(caught.value)


def test_messages_outlive_the_broker(setup, open_executor, work, calls, rabbitmq_server):
    open_executor(setup).submit([Ticket(instance=21, token=1, queue="kept")])
    rabbitmq_server.stop(signal.SIGKILL)
    rabbitmq_server.start()
    work(setup, queues=["kept"])
    calls(Ticket(instance=21, token=1))
