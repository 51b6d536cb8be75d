"""A moto server for the session, and a host with a connection to it. `TRADEWIND_TEST_MOTO` names a server that runs already."""

from __future__ import annotations

import os
import threading
import urllib.request
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.host import Host, bind


class CloudHost(Host):
    """A host that has the connections of the test, and notes what is masked."""

    def __init__(self):
        self.connections = {}
        self.masked = set()

    def connection(self, conn_id):
        try:
            return self.connections[conn_id]
        except KeyError:
            raise TradewindNotFoundException(f"there is no connection {conn_id!r}") from None

    def mask(self, secret):
        self.masked.add(secret)

    def add(self, conn_id="aws_default", **fields):
        self.connections[conn_id] = Connection(conn_id=conn_id, conn_type="aws", **fields)
        return self.connections[conn_id]


@pytest.fixture(scope="session", autouse=True)
def no_login_of_ours(tmp_path_factory):
    """Keep AWS's own order of logins from finding those of whoever runs the tests, and from asking a machine's role."""
    nowhere = tmp_path_factory.mktemp("aws")
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", str(nowhere / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "credentials"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def moto_url():
    """URL of a moto server."""
    running = os.environ.get("TRADEWIND_TEST_MOTO")
    if running:
        yield running
        return
    from services import moto  # noqa: PLC0415 - where a server is named, there are no scripts

    if not moto.is_installed():
        if os.environ.get("CI"):
            pytest.fail(moto.MISSING)
        pytest.skip(moto.MISSING)
    with moto.moto_server() as url:
        yield url


@pytest.fixture
def aws(moto_url):
    """A bound host whose `aws_default` leads to an empty moto server."""
    reset = urllib.request.Request(moto_url + "/moto-api/reset", method="POST")  # noqa: S310 - our own server
    urllib.request.urlopen(reset, timeout=30).close()  # noqa: S310
    host = CloudHost()
    host.add(login="key", password="hidden+secret/", extra=extra_of(moto_url))
    with bind(host):
        yield host


def extra_of(url, **more):
    """Return the extra of a connection to a server."""
    return dict({"endpoint_url": url, "region_name": "eu-west-1"}, **more)


@pytest.fixture
def bucket(aws):
    """The name of a new bucket."""
    name = "shop-" + uuid.uuid4().hex[:12]
    S3Hook().create_bucket(name)
    return name


@pytest.fixture
def answering():
    """Return what binds a host to a server that answers all requests alike: `with answering(403, "…") as (host, requests):`."""

    @contextmanager
    def serve(status, body, content_type="application/xml"):
        requests = []

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                requests.append((self.command, self.path))
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body.encode())

            def log_message(self, *_):
                """Say nothing."""

        for method in ("GET", "PUT", "POST", "HEAD", "DELETE"):
            setattr(Handler, "do_" + method, Handler.answer)
        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        host = CloudHost()
        url = f"http://127.0.0.1:{server.server_port}"
        host.add(
            login="key", password="hidden+secret/", extra=extra_of(url, config_kwargs={"retries": {"max_attempts": 0}})
        )
        try:
            with bind(host):
                yield host, requests
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    return serve
