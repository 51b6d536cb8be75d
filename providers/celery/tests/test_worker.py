"""A real worker on a real Redis: messages that come again, workers that die, and workers that are told to stop."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
import redis as client
from services.redis import PASSWORD
from tradewind_plugins.contracts.executor import Ticket
from tradewind_plugins.exceptions import ConnectionFailed

pytestmark = pytest.mark.backed_by("real", "Redis")

TICKET = Ticket(instance=7, token=2)
IMPATIENT = {
    "visibility_timeout": 1,
    "celery_config": {"broker_transport_options": {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}},
}


def test_a_message_that_comes_again_while_its_try_runs_here_starts_nothing(setup_of, open_executor, work, calls):
    setup = setup_of(**IMPATIENT)
    worker = work(setup)
    open_executor(setup).submit([TICKET])
    (call,) = calls(TICKET)
    worker.until_logged("tradewind-7-2 runs here already")
    assert call.is_running
    call.end()
    assert call.wait(10)
    assert len(calls(TICKET)) == 1


def test_the_tries_of_a_worker_that_is_killed_go_on_and_its_messages_come_to_another(
    setup_of, open_executor, work, calls
):
    setup = setup_of(**IMPATIENT)
    first = work(setup, concurrency=1)
    open_executor(setup).submit([TICKET, Ticket(instance=8, token=1)])
    (call,) = calls(TICKET)
    first.kill()
    first.wait()
    work(setup)
    calls(Ticket(instance=8, token=1))
    again = calls(TICKET, 2)[1]  # which finds the try claimed
    again.end()
    assert again.wait(10)
    assert call.is_running


def test_a_pool_process_that_is_killed_gives_its_message_back(setup_of, open_executor, work, calls):
    setup = setup_of()
    work(setup, concurrency=1)
    open_executor(setup).submit([TICKET])
    (call,) = calls(TICKET)
    os.kill(psutil.Process(call.pid).ppid(), signal.SIGKILL)
    again = calls(TICKET, 2)[1]
    again.end()
    assert again.wait(10)
    assert call.is_running


def test_a_try_that_ended_while_the_broker_was_away_is_known_as_ended_and_cancelling_it_ends_no_other(  # noqa: PLR0917 - fixtures
    setup_of, open_executor, work, calls, until, redis_server, killed
):
    setup = setup_of()
    worker = work(setup, concurrency=1)
    executor = open_executor(setup)
    executor.submit([TICKET])
    (call,) = calls(TICKET)
    with killed(redis_server):
        worker.until_logged("Connection to broker lost")
        call.end()
        assert call.wait(10)
    other = Ticket(instance=8, token=1)
    until(lambda: _submitted(executor, other), "the broker is there again")
    (running,) = calls(other)
    until(lambda: executor.list_alive() == [other], "what ended is called alive no more")
    executor.cancel([TICKET])
    until(lambda: executor.list_alive() == [other], "workers answer, who have read the cancel before that question")
    assert running.is_running
    running.end()
    assert running.wait(10)
    assert running.was_told, "nothing but its own end has ended it"


def _submitted(executor, ticket):
    try:
        return executor.submit([ticket])
    except ConnectionFailed:
        return False


def test_told_to_stop_it_lets_tries_end_and_takes_nothing_new(setup_of, open_executor, work, calls, until, redis):  # noqa: PLR0917 - fixtures
    setup = setup_of()
    worker = work(setup)
    executor = open_executor(setup)
    executor.submit([TICKET])
    (call,) = calls(TICKET)
    worker.kill(signal.SIGTERM)
    worker.until_logged("Warm shutdown")
    until(lambda: executor.list_alive() == [], "it answers no more")
    executor.submit([Ticket(instance=8, token=1)])
    assert call.is_running
    assert not worker.has_ended()
    call.end()
    assert worker.wait() == 0
    with client.Redis.from_url(redis) as connection:
        assert connection.llen("default") == 1
        assert connection.hlen("unacked") == 0


def test_told_to_hurry_it_ends_the_commands(setup_of, open_executor, work, calls):
    setup = setup_of()
    worker = work(setup)
    open_executor(setup).submit([TICKET])
    (call,) = calls(TICKET)
    worker.kill(signal.SIGQUIT)
    assert call.wait(20)
    worker.wait()


def test_a_command_that_could_not_do_its_work_is_told_and_logged(setup_of, open_executor, work, calls, until):
    setup = setup_of()
    worker = work(setup)
    executor = open_executor(setup)
    executor.submit([TICKET])
    calls(TICKET)[0].end(3)
    hints = []
    until(
        lambda: hints.extend(executor.observe()) or [each for each in hints if each.kind == "ended"], "its end is told"
    )
    assert hints[-1].exit_code == 3
    said = "tradewind-7-2: `tradewind tasks run-try 7 2 --executor CeleryExecutor` ended with exit code 3; "
    assert hints[-1].detail == said + "what it said is in the output of this worker"
    worker.until_logged("ended with exit code 3")


def test_a_command_that_cannot_be_started_is_told(setup_of, open_executor, work, until):
    setup = setup_of()
    work(setup, command=["/nowhere/tradewind"])
    executor = open_executor(setup)
    executor.submit([TICKET])
    hints = []
    until(
        lambda: hints.extend(executor.observe()) or [each for each in hints if each.kind == "ended"], "its end is told"
    )
    assert hints[-1].exit_code is None
    assert hints[-1].detail == "tradewind-7-2: /nowhere/tradewind cannot be started: No such file or directory"


def test_a_worker_shows_no_password_and_hands_on_none_of_its_own_variables(setup_of, open_executor, work, calls, redis):
    setup = setup_of(result_backend=redis)
    worker = work(setup, log_level="DEBUG")
    open_executor(setup).submit([TICKET])
    (call,) = calls(TICKET)
    text = worker.log.read_text()
    assert PASSWORD not in text
    assert PASSWORD.replace(" ", "%20") not in text
    with open(f"/proc/{call.pid}/environ", "rb") as file:  # noqa: PTH123 - no file of the test's
        names = {each.partition(b"=")[0] for each in file.read().split(b"\0")}
    assert [name for name in names if name.startswith((b"CELERY", b"_MP_", b"FORKED_BY"))] == []
    assert os.getsid(call.pid) == call.pid
