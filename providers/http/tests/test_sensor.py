import asyncio
import threading

import pytest
from tradewind_http.exceptions import HttpErrorException
from tradewind_http.sensors.http import HttpSensor
from tradewind_http.triggers.http import HttpSensorTrigger, HttpTrigger
from tradewind_plugins.exceptions import (
    TaskDeferralTimeout,
    TaskDeferred,
    TradewindSensorTimeout,
    TradewindSkipException,
)
from tradewind_plugins.sensor import PokeReturnValue

pytestmark = pytest.mark.backed_by("real", "a web server of Python's")


WAYS = [False, True]


async def first_event(trigger):
    events = trigger.run()
    try:
        return await events.__anext__()
    finally:
        await events.aclose()


def sensor(**arguments):
    return HttpSensor(task_id="wait", **{"endpoint": "x", "poke_interval": 0.01, "timeout": 20, **arguments})


@pytest.mark.parametrize("deferrable", WAYS)
def test_it_waits_as_long_as_the_server_says_404(follow, web, deferrable):
    web.answer("/x", (404, {}, ""), (404, {}, ""), (200, {}, ""))
    assert follow(sensor(deferrable=deferrable)) is None
    assert len(web.of("/x")) == 3


@pytest.mark.parametrize("deferrable", WAYS)
def test_another_error_ends_the_wait(follow, web, deferrable):
    web.answer("/x", (404, {}, ""), (500, {}, ""))
    with pytest.raises(HttpErrorException, match="answered 500"):
        follow(sensor(deferrable=deferrable))


@pytest.mark.parametrize("deferrable", WAYS)
def test_other_statuses_may_mean_not_yet(follow, web, deferrable):
    web.answer("/x", (409, {}, ""), (503, {}, ""), (200, {}, ""))
    follow(sensor(response_error_codes_allowlist=[409, "503"], deferrable=deferrable))
    assert len(web.of("/x")) == 3
    with pytest.raises(HttpErrorException):
        follow(sensor(endpoint="nowhere", response_error_codes_allowlist=[], deferrable=deferrable))


@pytest.mark.parametrize("deferrable", WAYS)
def test_a_check_decides_and_may_give_the_task_its_result(follow, web, deferrable):
    web.answer("/x", (200, {}, "2026-11-22"), (404, {}, ""), (200, {}, "2026-11-23"))

    def check(response, ds):
        return PokeReturnValue(response.text == ds, response.text)

    assert follow(sensor(response_check=check, deferrable=deferrable), {"ds": "2026-11-23"}) == "2026-11-23"


@pytest.mark.parametrize("deferrable", WAYS)
def test_all_of_the_request_reaches_the_server(follow, web, deferrable):
    web.answer("/x", (404, {}, ""), (200, {}, ""))
    follow(
        sensor(
            method="POST",
            request_params="body",
            headers={"X-Own": "1"},
            request_kwargs={"params": {"q": "2"}},
            extra_options={"timeout": 5},
            deferrable=deferrable,
        )
    )
    for asked in web.of("/x"):
        assert (asked.method, asked.body, asked.headers["X-Own"], asked.parameters) == (
            "POST",
            b"body",
            "1",
            {"q": "2"},
        )


def test_its_timeout_ends_the_wait(follow, web):
    with pytest.raises(TradewindSensorTimeout):
        follow(sensor(timeout=0))
    with pytest.raises(TaskDeferred) as caught:
        sensor(timeout=30, deferrable=True).execute({})
    assert 20 < caught.value.timeout.total_seconds() <= 30
    with pytest.raises(TradewindSensorTimeout):
        sensor(deferrable=True).resume_execution("__fail__", {"error": "Trigger timeout"}, {})


def test_soft_fail_skips(desk):
    with pytest.raises(TradewindSkipException):
        sensor(deferrable=True, soft_fail=True).resume_execution("__fail__", {"error": "Trigger timeout"}, {})
    assert issubclass(TaskDeferralTimeout, Exception)


def test_another_authentication_and_keep_alive(follow, desk, web, add):
    add(host="127.0.0.1", port=web.port, login="a", password="b")
    web.answer("/x", (200, {}, ""))
    follow(sensor(auth_type="requests.auth.HTTPProxyAuth", tcp_keep_alive=False))
    assert "Proxy-Authorization" in web.asked[-1].headers


def test_what_is_templated():
    assert HttpSensor.template_fields == ("endpoint", "request_params", "headers")


def test_a_trigger_does_not_block_others(desk, web):
    leave = threading.Event()
    web.answer("/slow", lambda _: leave.wait(20) and (200, {}, "slow"))
    web.answer("/quick", (200, {}, "quick"))
    order = []

    async def both():
        async def watch(endpoint):
            event = await first_event(HttpTrigger(method="GET", endpoint=endpoint))
            order.append(event.payload["response"]["url"].rpartition("/")[2])
            leave.set()

        await asyncio.gather(watch("slow"), watch("quick"))

    asyncio.run(both())
    assert order == ["quick", "slow"]


def test_an_error_names_the_connection_in_the_sensors_trigger(desk, web):
    web.answer("/x", (500, {}, ""))
    with pytest.raises(HttpErrorException, match="connection 'http_default'"):
        asyncio.run(first_event(HttpSensorTrigger("x")))


def test_triggers_are_made_again_of_what_they_tell():
    for made in (
        HttpSensorTrigger("x", "c", {"a": 1}, {"h": "1"}, "POST", {"verify": False}, 2.0, ["404"]),
        HttpTrigger("c", None, "PUT", "x", {"h": "1"}, "body", {"verify": False}),
    ):
        path, arguments = made.serialize()
        assert path == f"{type(made).__module__}.{type(made).__name__}"
        assert type(made)(**arguments).serialize() == made.serialize()
