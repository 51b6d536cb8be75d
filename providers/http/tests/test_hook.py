import datetime
import ipaddress
import logging
import socket
import ssl
import threading
import time
from contextlib import closing

import pytest
import requests
import tenacity
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tradewind_http.exceptions import HttpErrorException, HttpUnavailableException
from tradewind_http.hooks.http import HttpHook
from tradewind_http.retrying import seconds_after
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException

pytestmark = pytest.mark.backed_by("real", "a web server of Python's")


def get(*args, **kwargs):
    return HttpHook("GET").run(*args, **kwargs)


def test_data_of_a_get_are_parameters_and_of_a_post_the_body(desk):
    assert get("echo", {"a": "1"}).json()["parameters"] == {"a": "1"}
    assert HttpHook().run("/echo", {"a": "1"}).json()["body"] == "a=1"
    assert HttpHook("put").run("echo", "plain").json()["body"] == "plain"
    assert HttpHook().run("echo", json={"a": 1}).json()["body"] == '{"a": 1}'
    assert get("echo", params={"b": "2"}).json()["parameters"] == {"b": "2"}


def test_login_headers_and_settings_come_from_the_connection(desk, web, add, host):
    add(
        host="127.0.0.1",
        port=web.port,
        login="ada",
        password="s3cret",
        extra={"headers": {"X-Api-Key": "k-123"}, "X-Team": "blue", "timeout": 5, "check_response": False},
    )
    told = get("echo", headers={"X-Own": "1"}).json()
    assert told["login"] == "ada:s3cret"
    assert (told["headers"]["x-api-key"], told["headers"]["x-team"], told["headers"]["x-own"]) == ("k-123", "blue", "1")
    assert "timeout" not in told["headers"]
    assert host.masked == {"s3cret", "k-123"}
    assert get("nowhere").status_code == 404


def test_a_password_may_come_without_a_login(desk, web, add):
    add(host="127.0.0.1", port=web.port, password="only")
    assert get("echo").json()["login"] == ":only"


@pytest.mark.parametrize("given", [requests.auth.HTTPProxyAuth, "requests.auth.HTTPProxyAuth"])
def test_another_authentication(desk, web, given, add):
    add(host="127.0.0.1", port=web.port, login="ada", password="s3cret")
    assert "proxy-authorization" in HttpHook("GET", auth_type=given).run("echo").json()["headers"]


def test_an_authentication_of_the_connection(desk, web, add):
    add(host="127.0.0.1", port=web.port, login="a", password="b", extra={"auth_type": "requests.auth.HTTPProxyAuth"})
    assert "proxy-authorization" in get("echo").json()["headers"]
    add(host="127.0.0.1", port=web.port, extra={"auth_type": "requests.nothing.There"})
    with pytest.raises(TradewindException, match="not the path of a class"):
        get("echo")


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "a.example"}, "http://a.example/x"),
        ({"host": "a.example", "schema": "https", "port": 8443}, "https://a.example:8443/x"),
        ({"host": "https://a.example/v1/"}, "https://a.example/v1/x"),
        ({"host": "https://a.example/v1"}, "https://a.example/v1/x"),
    ],
)
def test_where_an_endpoint_is(desk, fields, url, add):
    add(**fields)
    hook = HttpHook()
    hook.get_conn().close()
    assert hook.url_from_endpoint("x") == url


def test_a_schema_that_is_a_path_is_refused(desk, add):
    add(host="a.example", schema="v1")
    with pytest.raises(TradewindException, match="schema of connection 'http_default' is 'v1'"):
        get("x")


def test_a_whole_url_leads_to_the_same_host_only(desk, web):
    assert get(web.url + "/echo").ok
    with pytest.raises(TradewindException, match="another host"):
        get("http://elsewhere.example/echo")


def test_no_such_connection(desk):
    with pytest.raises(TradewindNotFoundException):
        HttpHook(http_conn_id="missing").run("x")


def test_a_status_of_an_error_names_method_url_status_and_connection(desk, web, caplog):
    web.answer("/x", (404, {}, "no such thing"))
    with pytest.raises(HttpErrorException) as caught:
        get("x", {"token": "t0p", "page": "2"})
    assert str(caught.value) == f"connection 'http_default': GET {web.url}/x?token=***&page=2 answered 404 Not Found"
    assert caught.value.status_code == 404
    assert not isinstance(caught.value, ConnectionFailed)
    assert "no such thing" in caplog.text
    assert "t0p" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refused_login_and_throttling_are_failures_of_the_connection(desk, web, status):
    web.answer("/x", (status, {}, ""))
    with pytest.raises(HttpUnavailableException, match=f"connection 'http_default': POST .* answered {status}"):
        HttpHook().run("x")


def test_check_response_false_takes_any_status(desk):
    assert get("nowhere", extra_options={"check_response": False}).status_code == 404


def test_redirects(desk, web):
    web.answer("/old", (302, {"Location": "/echo"}, ""))
    assert get("old").json()["path"] == "/echo"
    assert get("old", extra_options={"allow_redirects": False}).status_code == 302
    web.answer("/round", (302, {"Location": "/round"}, ""))
    with pytest.raises(ConnectionFailed, match="Exceeded 3 redirects"):
        get("round", extra_options={"max_redirects": 3})


def test_a_redirect_to_another_host_does_not_take_secrets_along(desk, web, add, serve):
    with serve() as other:
        web.answer("/away", (302, {"Location": other.url.replace("127.0.0.1", "localhost") + "/echo"}, ""))
        add(host="127.0.0.1", port=web.port, login="a", password="b", extra={"X-Api-Key": "k", "X-Team": "blue"})
        headers = get("away").json()["headers"]
    assert "x-api-key" not in headers
    assert "authorization" not in headers
    assert headers["x-team"] == "blue"


def unused_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_unreachable_server(desk, add):
    add(host="127.0.0.1", port=unused_port(), password="pw")
    with pytest.raises(ConnectionFailed) as caught:
        get("x", {"api_key": "k-9"})
    assert "connection 'http_default'" in str(caught.value)
    assert "Connection refused" in str(caught.value)
    assert "k-9" not in str(caught.value)


def test_a_login_in_the_host_is_not_told(desk, add):
    add(host=f"http://ada:s3cret@127.0.0.1:{unused_port()}")
    with pytest.raises(ConnectionFailed, match="refused") as caught:
        get("x")
    assert "s3cret" not in str(caught.value)


def test_a_cut_connection_and_then_a_success_on_the_same_hook(desk, web):
    web.answer("/x", lambda _: None, (200, {}, "there"))
    hook = HttpHook("GET")
    with pytest.raises(ConnectionFailed, match="without response"):
        hook.run("x")
    assert hook.run("x").text == "there"


def test_a_body_that_ends_early(desk, web):
    web.answer("/x", (200, {"Content-Length": "100"}, "short"))
    with pytest.raises(ConnectionFailed, match=r"connection 'http_default'.*5 bytes read"):
        get("x")


def test_a_slow_body_and_a_silent_server_run_into_the_timeout(desk, web, add):
    leave = threading.Event()

    def wait(_):
        leave.wait(20)
        return 200, {}, "late"

    web.answer("/x", wait)
    with pytest.raises(ConnectionFailed, match=r"GET .*/x: Read timed out"):
        get("x", extra_options={"timeout": 0.2})
    add(host="127.0.0.1", port=web.port, extra={"timeout": [1, 0.2]})
    with pytest.raises(ConnectionFailed, match="Read timed out"):
        get("x")
    leave.set()


def test_tls_with_a_certificate_of_its_own(desk, tmp_path, add, serve):
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(certificate), str(key))
    with serve(context) as secure:
        add(host="127.0.0.1", port=secure.port, schema="https")
        with pytest.raises(ConnectionFailed, match="certificate verify failed"):
            get("echo")
        assert get("echo", extra_options={"verify": str(certificate)}).ok
        add(host="127.0.0.1", port=secure.port, schema="https", extra={"verify": str(certificate)})
        assert get("echo").ok


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_stream_is_read_after_the_call(desk, web):
    web.answer("/x", (200, {}, "abc" * 1000))
    response = get("x", extra_options={"stream": True})
    assert b"".join(response.iter_content(100)) == b"abc" * 1000
    response.close()


def test_a_streamed_error_is_told_without_its_body(desk, web):
    web.answer("/x", (500, {}, "abc"))
    with pytest.raises(HttpErrorException, match="500"):
        get("x", extra_options={"stream": True})


def test_proxies(desk, web, add):
    add(host="api.example", extra={"proxies": {"http": web.url}})
    web.answer("/v1", web.routes["/echo"])
    assert get("v1").ok
    assert web.asked[-1].headers["Host"] == "api.example"


def test_the_system_watches_the_connection(desk):
    names = {option[1]: option[2] for option in HttpHook(tcp_keep_alive_idle=7)._socket_options()}
    assert names[socket.SO_KEEPALIVE] == 1
    assert names[socket.TCP_KEEPIDLE] == 7
    assert HttpHook("GET", tcp_keep_alive=False).run("echo").ok


def test_an_adapter_of_ones_own(desk):
    adapter = requests.adapters.HTTPAdapter()
    seen = []
    send = adapter.send
    adapter.send = lambda request, **rest: seen.append(request.url) or send(request, **rest)
    assert HttpHook("GET", adapter=adapter).run("echo").ok
    assert len(seen) == 1


def test_asked_again_until_it_succeeds_and_after_what_the_server_says(desk, web):
    times = []

    def late(_):
        times.append(time.monotonic())
        return 503, {"Retry-After": "1"}, ""

    web.answer("/x", late, (200, {}, "there"))
    hook = HttpHook("GET")
    assert hook.run_with_advanced_retry({"wait": 60}, "x").text == "there"
    assert 1 <= time.monotonic() - times[0] < 30


def test_not_asked_again_after_an_error_of_ours_or_too_often(desk, web):
    web.answer("/x", (404, {}, ""))
    with pytest.raises(HttpErrorException):
        HttpHook("GET").run_with_advanced_retry({}, "x")
    assert len(web.of("/x")) == 1
    web.answer("/y", (503, {}, ""))
    with pytest.raises(HttpUnavailableException):
        HttpHook("GET").run_with_advanced_retry({"attempts": 3, "wait": 0.01}, "y")
    assert len(web.of("/y")) == 3
    web.answer("/z", (404, {}, ""), (200, {}, ""))
    assert HttpHook("GET").run_with_advanced_retry({"statuses": [404], "wait": 0.01}, "z").ok


def test_a_pause_that_is_too_long_is_not_made(desk, web):
    web.answer("/x", (429, {"Retry-After": "3600"}, ""))
    with pytest.raises(HttpUnavailableException, match="429"):
        HttpHook("GET").run_with_advanced_retry({"max_wait": 5}, "x")


def test_a_cut_connection_is_tried_again(desk, web):
    web.answer("/x", lambda _: None, (200, {}, "there"))
    assert HttpHook("GET").run_with_advanced_retry({"wait": 0.01}, "x").text == "there"


def test_tenacitys_arguments_work(desk, web):
    web.answer("/x", (500, {}, ""), (200, {}, "there"))
    plan = {"stop": tenacity.stop_after_attempt(2), "retry": tenacity.retry_if_exception_type(HttpErrorException)}
    assert HttpHook("GET").run_with_advanced_retry(plan, "x").text == "there"


def test_an_unknown_retry_argument_is_refused(desk):
    with pytest.raises(TradewindException, match="'atempts'"):
        HttpHook("GET").run_with_advanced_retry({"atempts": 2}, "echo")


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), (None, None), ("soon", None), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0)]
)
def test_what_retry_after_says(header, seconds):
    assert seconds_after(header) == seconds


def test_a_later_date_in_retry_after():
    text = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    assert 90 < seconds_after(text) <= 100


def test_the_connection_can_be_tested(desk, web, add):
    assert HttpHook().test_connection() == (True, "the server answered 404 Not Found")
    web.answer("/", (401, {}, ""))
    assert HttpHook().test_connection() == (False, "the server answered 401 Unauthorized")
    add(host="127.0.0.1", port=unused_port())
    works, told = HttpHook().test_connection()
    assert not works
    assert "refused" in told


def test_nothing_secret_is_logged(desk, web, caplog, add):
    caplog.set_level(logging.DEBUG, "tradewind_http")
    add(host="127.0.0.1", port=web.port, login="ada", password="s3cret", extra={"X-Api-Key": "k-123"})
    web.answer("/x", (503, {}, "busy"))
    hook = HttpHook("GET")
    with pytest.raises(HttpErrorException):
        hook.run_with_advanced_retry({"attempts": 2, "wait": 0.01}, "x", {"token": "t0p"})
    for secret in ("s3cret", "k-123", "t0p"):
        assert secret not in caplog.text
        assert secret not in repr(hook)
