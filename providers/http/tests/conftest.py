"""A real web server on a free loopback port, whose routes are functions."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from urllib.parse import parse_qs, urlsplit

import pytest
from tradewind_plugins.connection import Connection


class Asked:
    """A request as the server has seen it."""

    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method = method
        self.path = parts.path
        self.parameters = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.headers = headers
        self.body = body

    @property
    def login(self):
        """Name and password of basic authentication, joined by a colon."""
        return base64.b64decode(self.headers.get("Authorization", "Basic ")[6:]).decode()


class Web:
    """Routes by path; each gets what was asked and returns status, headers and body, or None to cut the connection."""

    def __init__(self):
        self.routes = {}
        self.asked = []
        self.url = ""
        self.port = 0

    def answer(self, path, *answers):
        """Have a path answered by these in turn, the last one for ever: (status, headers, body) or a function of the request."""
        left = list(answers)

        def route(asked):
            found = left.pop(0) if len(left) > 1 else left[0]
            return found(asked) if callable(found) else found

        self.routes[path] = route

    def of(self, path):
        """Return the requests for a path."""
        return [each for each in self.asked if each.path == path]


def echo(asked):
    """Answer with what was asked."""
    told = {
        "method": asked.method,
        "path": asked.path,
        "parameters": asked.parameters,
        "headers": {name.lower(): value for name, value in asked.headers.items()},
        "body": asked.body.decode(),
        "login": asked.login if "Authorization" in asked.headers else None,
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(told)


class ThreadedServer(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """Say nothing of clients that went away: tests make them."""


def _handler(web):
    class Handler(BaseHTTPRequestHandler):
        def _any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, self.path, self.headers, body)
            web.asked.append(asked)
            found = web.routes.get(asked.path, lambda _: (404, {}, "nothing here"))(asked)
            if found is None:
                return
            status, headers, text = found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

        def log_message(self, *_):
            """Keep tests quiet."""

    for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"):
        setattr(Handler, "do_" + method, Handler._any)
    return Handler


@contextmanager
def serving(context=None):
    """Run a server until the block ends, with TLS where a context is given."""
    web = Web()
    server = ThreadedServer(("127.0.0.1", 0), _handler(web))
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    web.url = "{}://127.0.0.1:{}".format("http" if context is None else "https", web.port)
    web.answer("/echo", echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def serve():
    """Run a further server for a block, with TLS where a context is given."""
    return serving


@pytest.fixture
def web():
    """A server, of which `answer` says what it answers; `/echo` tells what was asked."""
    with serving() as running:
        yield running


@pytest.fixture
def add(host):
    """Make connections of type `http`."""

    def added(conn_id="http_default", **fields):
        return host.add_connection(Connection(conn_id=conn_id, conn_type="http", **fields))

    return added


@pytest.fixture
def desk(add, web):
    """The connection `http_default`, to the server."""
    return add(host="127.0.0.1", port=web.port)


@pytest.fixture
def follow(host, desk):
    """Run a task to its end."""
    return lambda task, context=None: host.run(task, **(context or {}))
