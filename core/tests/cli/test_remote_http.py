"""Requests to a server that closes connections, and is away for a while."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from tradewind.cli.errors import CommandError
from tradewind.cli.remote import http
from tradewind.cli.remote.http import Server
from tradewind.cli.remote.operations import RemoteOperations
from tradewind.cli.runs import following

NAMED = {"dag_id": "shop", "dag_run_id": "one", "tasks": {"running": 1}, "running": [], "failures": []}
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(*answers: Answer) -> Iterator[str]:
    """Serve one answer for each request, and close each connection after it without a word; yields the URL."""
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            next(left)(self)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def value(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


def lines(*states: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for state in states:
            line = json.dumps({**NAMED, "state": state, "ended": state == "success"}) + "\n"
            handler.wfile.write(f"{len(line):x}\r\n{line}\r\n".encode())  # and no end of the chunks

    return answer


def nothing(_handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""


def test_a_connection_that_nobody_used_for_a_while_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(value, value, value) as url:
        monkeypatch.setattr(http, "KEPT_SECONDS", 0.0)
        server = Server(url)
        assert [server.ask("GET", "/pools").value for _ in range(2)] == [{}, {}]
        server.close()


def test_a_run_is_followed_though_the_server_is_away_for_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "AGAIN_SECONDS", 0.0)
    with answering(lines("running"), nothing, lines("running", "success")) as url:
        assert following.follow(RemoteOperations(Server(url)), "shop", "one") == 0
    assert capsys.readouterr().out == "Run one of shop: success.\n"
    monkeypatch.setattr(following, "PATIENCE_SECONDS", 0.0)
    with answering(lines("running"), nothing) as url, pytest.raises(CommandError, match="cannot be reached"):
        following.follow(RemoteOperations(Server(url)), "shop", "one")
