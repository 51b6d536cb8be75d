import logging

import pytest
import requests
from tradewind_http.exceptions import HttpErrorException
from tradewind_http.operators.http import HttpOperator, SimpleHttpOperator
from tradewind_plugins.exceptions import TradewindException

pytestmark = pytest.mark.backed_by("real", "a web server of Python's")


WAYS = [False, True]


def operator(**arguments):
    return HttpOperator(task_id="ask", **{"method": "GET", "endpoint": "x", **arguments})


@pytest.mark.parametrize("deferrable", WAYS)
def test_the_result_is_the_text_of_the_response(follow, web, deferrable):
    web.answer("/x", (200, {}, "grüezi"))
    assert follow(operator(deferrable=deferrable)) == "grüezi"


@pytest.mark.parametrize("deferrable", WAYS)
def test_all_of_the_request_reaches_the_server(follow, web, deferrable):
    task = operator(
        endpoint="echo",
        method="POST",
        data={"a": "1"},
        headers={"X-Own": "2"},
        request_kwargs={"params": {"q": "3"}},
        response_filter=lambda response: response.json(),
        deferrable=deferrable,
    )
    told = follow(task)
    assert (told["method"], told["body"], told["headers"]["x-own"]) == ("POST", "a=1", "2")
    assert told["parameters"] == {"q": "3"}


@pytest.mark.parametrize("deferrable", WAYS)
def test_a_check_gets_the_variables_that_it_asks_for(follow, web, deferrable):
    web.answer("/x", (200, {}, "2026-11-23"))
    task = operator(response_check=lambda response, ds: response.text == ds, deferrable=deferrable)
    assert follow(task, {"ds": "2026-11-23"}) == "2026-11-23"
    with pytest.raises(TradewindException, match=r"task 'ask': response_check refuses .* 'http_default'"):
        follow(task, {"ds": "2026-11-24"})


def test_a_filter_gets_them_too(follow, web):
    web.answer("/x", (200, {}, "a"))
    assert (
        follow(operator(response_filter=lambda response, **context: response.text + context["ds"]), {"ds": "b"}) == "ab"
    )


def in_pages(web):
    def page(asked):
        number = int(asked.parameters.get("page", "1"))
        return 200, {"X-Next": str(number + 1) if number < 3 else ""}, f"page {number} of {asked.parameters['of']}"

    web.answer("/x", page)


@pytest.mark.parametrize("deferrable", WAYS)
def test_further_pages_are_asked_for_and_the_result_is_a_list(follow, web, deferrable):
    in_pages(web)
    task = operator(
        data={"of": "3"},
        pagination_function=lambda response: (
            {"data": {"page": response.headers["X-Next"]}} if response.headers["X-Next"] else None
        ),
        response_check=lambda responses: len(responses) == 3,
        deferrable=deferrable,
    )
    assert follow(task) == ["page 1 of 3", "page 2 of 3", "page 3 of 3"]


def test_a_page_may_have_another_endpoint(follow, web):
    web.answer("/x", (200, {}, "/y"))
    web.answer("/y", (200, {}, ""))
    assert follow(
        operator(pagination_function=lambda response: {"endpoint": web.url + response.text} if response.text else {})
    ) == ["/y", ""]


def test_a_page_with_something_unknown_is_refused(follow, web):
    web.answer("/x", (200, {}, "a"))
    with pytest.raises(TradewindException, match="pagination_function returned 'url'"):
        follow(operator(pagination_function=lambda response: {"url": "y"}))


@pytest.mark.parametrize("deferrable", WAYS)
def test_an_error_is_told_the_same_way_here_and_there(follow, web, deferrable):
    with pytest.raises(HttpErrorException, match=r"connection 'http_default': GET .*/x answered 404") as caught:
        follow(operator(deferrable=deferrable))
    assert caught.value.status_code == 404


def test_a_failed_connection_is_told_by_the_trigger(follow, desk, add):
    add(host="127.0.0.1", port=1)
    with pytest.raises(TradewindException, match="connection 'http_default'"):
        follow(operator(deferrable=True))


@pytest.mark.parametrize("deferrable", WAYS)
def test_it_asks_again_where_it_shall(follow, web, deferrable):
    web.answer("/x", (503, {}, ""), (200, {}, "there"))
    assert follow(operator(retry_args={"wait": 0.01}, deferrable=deferrable)) == "there"


def test_the_response_can_be_logged(follow, web, caplog):
    caplog.set_level(logging.INFO)
    web.answer("/x", (200, {}, "hear, hear"))
    follow(operator())
    assert "hear, hear" not in caplog.text
    follow(operator(log_response=True))
    assert "hear, hear" in caplog.text


def test_options_of_the_request(follow, web):
    assert follow(operator(extra_options={"check_response": False})) == "nothing here"


@pytest.mark.parametrize("deferrable", WAYS)
def test_another_authentication(follow, desk, web, deferrable, add):
    add(host="127.0.0.1", port=web.port, login="a", password="b")
    task = operator(
        endpoint="echo",
        auth_type=requests.auth.HTTPProxyAuth,
        response_filter=lambda response: "proxy-authorization" in response.json()["headers"],
        deferrable=deferrable,
    )
    assert follow(task)


def test_an_authentication_that_has_no_path_cannot_be_deferred(follow):
    with pytest.raises(TradewindException, match="auth_type"):
        follow(operator(auth_type=lambda name, password: None, deferrable=True))


def test_another_connection_and_keep_alive(follow, desk, web, add):
    web.answer("/x", (200, {}, "there"))
    add("other", host="127.0.0.1", port=web.port)
    assert follow(operator(http_conn_id="other", tcp_keep_alive=False)) == "there"
    assert operator(tcp_keep_alive_idle=7).hook.keep_alive_idle == 7
    assert operator(tcp_keep_alive_count=7).hook.keep_alive_count == 7
    assert operator(tcp_keep_alive_interval=7).hook.keep_alive_interval == 7


def test_the_old_name(follow, web):
    web.answer("/x", (200, {}, "there"))
    assert follow(SimpleHttpOperator(task_id="ask", endpoint="x", data={"a": 1})) == "there"
    assert web.asked[-1].method == "POST"


def test_what_is_templated():
    assert HttpOperator.template_fields == ("endpoint", "data", "headers")


def test_nothing_secret_is_in_what_a_trigger_is_made_of(desk, web, add):
    add(host="127.0.0.1", port=web.port, login="ada", password="s3cret", extra={"X-Api-Key": "k-123"})
    with pytest.raises(BaseException, match="deferred") as caught:
        operator(deferrable=True).execute({})
    told = repr(caught.value.trigger)
    assert "s3cret" not in told
    assert "k-123" not in told
