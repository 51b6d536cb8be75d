"""The executor and its workers on a real RabbitMQ, which takes ten seconds to start: only what differs from Redis, in one test."""

from __future__ import annotations

import signal

import pytest
from tradewind_plugins.contracts.executor import Ticket
from tradewind_plugins.exceptions import ConnectionFailed

pytestmark = [pytest.mark.backed_by("real", "RabbitMQ"), pytest.mark.long]


@pytest.fixture
def setup(setup_of, rabbitmq):
    return setup_of(broker_url=rabbitmq)


def test_nothing_is_lost_on_rabbitmq(setup, setup_of, open_executor, work, calls, until, far_end, rabbitmq_server):  # noqa: PLR0917 - fixtures
    executor = open_executor(setup)
    first = work(setup, concurrency=1, queues=["large"])
    claimed, waiting, cancelled = (Ticket(instance=number, token=1, queue="large") for number in (1, 2, 3))
    executor.submit([claimed, waiting, cancelled])
    (call,) = calls(claimed)
    until(lambda: executor.capacity().free == 0, "its slot is taken")
    first.kill()
    first.wait()
    second = work(setup, concurrency=1, queues=["large"])
    again = calls(claimed, 2)[1]  # which finds the try claimed
    executor.cancel([cancelled])
    again.end()
    calls(waiting)[0].end(3)
    hints = []
    until(
        lambda: hints.extend(executor.observe()) or [each for each in hints if each.exit_code == 3], "its end is told"
    )
    assert call.is_running
    assert far_end.calls_of(cancelled) == []

    second.kill()
    second.wait()
    kept = Ticket(instance=21, token=1, queue="kept")
    executor.submit([kept])
    rabbitmq_server.stop(signal.SIGKILL)
    rabbitmq_server.start()
    work(setup, queues=["kept"])
    calls(kept)

    stranger = open_executor(setup_of(broker_url=rabbitmq_server.url.replace("guest:guest", "guest:hidden")))
    with pytest.raises(ConnectionFailed, match="broker_url") as caught:
        stranger.submit([kept])
    assert "hidden" not in str(caught.value)
