"""Libraries that dislike forks, and what a DAG file leaves open: its tasks run, by the cold path where that is needed."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import indent
from typing import Any

import pytest

FLOW = """
import os, sys
from tradewind import DAG, task

PID = os.getpid()
{setup}

with DAG("flow"):
    @task
    def work(i):
        cold = os.getpid() == PID
{body}
    work.expand(i=list(range({count})))
"""


@dataclass(frozen=True)
class Library:
    """What a file does with a library at import, what its tasks do with it, and what stands in the way of a fork."""

    setup: str
    body: str
    hazard: str | None
    needs: str = ""


LIBRARIES = {
    "numpy": Library(
        "import numpy\nmatrix = numpy.ones((300, 300)); total = (matrix @ matrix).sum()",
        "return [cold, float((matrix @ matrix).sum()) == total]",
        None,  # its threads are stopped before a fork
        "numpy",
    ),
    "polars": Library(
        "import polars\nframe = polars.DataFrame({'a': [1, 1, 2], 'b': [1, 2, 3]}).lazy()\n"
        "known = frame.group_by('a').sum().collect().height",
        "return [cold, frame.group_by('a').sum().collect().height == known == 2]",
        "the thread 'polars-0'",
        "polars",
    ),
    "pyarrow": Library(
        "import pyarrow\ntable = pyarrow.table({'a': [1, 1, 2]})",
        "return [cold, table.group_by('a').aggregate([('a', 'count')]).num_rows == 2]",
        "the thread",
        "pyarrow",
    ),
    "grpc": Library(
        "import grpc\nplace = f'unix:{os.environ[\"TRADEWIND_HOME\"]}/{PID}.sock'\nchannel = grpc.insecure_channel(place)\n"
        "grpc.channel_ready_future(channel)",
        """
from concurrent.futures import ThreadPoolExecutor
class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server = grpc.server(ThreadPoolExecutor(1), handlers=[Echo()])
server.add_insecure_port(place)
server.start()
answer = channel.unary_unary("/echo/Echo")(b"hello", timeout=20, wait_for_ready=True)
server.stop(None)
return [cold, answer == b"hello"]
""",
        "the thread",
        "grpc",
    ),
    "a requests session that was used": Library(
        "import requests\nsession = requests.Session()\nsession.get('{url}/import')",
        "return [cold, all(session.get(f'{url}/{i}/{n}').text == f'/{i}/{n}' for n in range(20))]",
        "an open socket",
        "requests",
    ),
    "a requests session that was not used": Library(
        "import requests\nsession = requests.Session()",
        "return [cold, all(session.get(f'{url}/{i}/{n}').text == f'/{i}/{n}' for n in range(20))]",
        None,
        "requests",
    ),
    "a thread": Library(
        "import queue, threading\njobs = queue.Queue()\n"
        "def serve():\n    for job in iter(jobs.get, None): job.set()\n"
        "threading.Thread(target=serve, daemon=True).start()",
        "import threading\ndone = threading.Event(); jobs.put(done)\nreturn [cold, done.wait(20)]",
        "the thread",
    ),
    "an open socket": Library(
        "import socket\nmine = socket.create_connection({address})",
        "mine.sendall(b'GET /%d HTTP/1.0\\r\\n\\r\\n' % i)\nreturn [cold, mine.makefile().read().endswith(f'/{i}')]",
        "an open socket",
    ),
    "an open file": Library(
        "lines = open(__file__)",
        "return [cold, lines.read() == open(__file__).read()]",
        "the open file",
    ),
    "an event loop": Library(
        "import asyncio\nloop = asyncio.new_event_loop()",
        "return [cold, loop.run_until_complete(loop.run_in_executor(None, bool, 1))]",
        "an open socket",
    ),
    "a log file": Library(
        "log = open(os.path.join(os.environ['TRADEWIND_HOME'], 'own.log'), 'a')",
        "return [cold, bool(log.write('x'))]",
        None,
    ),
}


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        data = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, int]]:
    """A server that answers with the path it was asked for, and keeps connections open."""
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    echo.daemon_threads = True
    thread = threading.Thread(target=echo.serve_forever)
    thread.start()
    yield echo.server_address[:2]
    echo.shutdown()
    thread.join()
    echo.server_close()


def need(library: str) -> None:
    """Skip the test where a library is not installed; in CI it must be."""
    if library and importlib.util.find_spec(library) is None:
        told = f"{library} is not installed (dependency group fork-safety)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)


def shown(count: int) -> str:
    """The file as a processor has seen it, without its library: this process must stay clean."""
    return FLOW.format(setup="", body=" " * 8 + "...", count=count)


def said(house: Any) -> int:
    return (house.home / "w1.out").read_text().count("importing flow.py leaves behind")


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_dislikes_forks_runs_its_tasks(standing_house: Any, server: tuple[str, int], name: str) -> None:
    case, house = LIBRARIES[name], standing_house
    need(case.needs)
    host, port = server
    known = {"{url}": f"http://{host}:{port}", "{address}": repr((host, port))}
    text = FLOW.format(setup=case.setup, body=indent(case.body.strip(), " " * 8), count=3)
    for mark, value in known.items():
        text = text.replace(mark, value)
    before = said(house)
    house.deploy(text, unchecked=True, shown=shown(3))
    run, state = house.run_dag()
    assert state == "success", [house.log(run, map_index=i) for i in range(3)]
    is_cold = case.hazard is not None
    assert list(house.xcoms(run).values()) == [[is_cold, True]] * 3, [house.log(run, map_index=i) for i in range(3)]
    assert said(house) - before == is_cold
    if case.hazard is not None:
        assert case.hazard in (house.home / "w1.out").read_text().splitlines()[-1]


DRAWS = {
    "each from where it is usually drawn": """
import random, secrets, uuid, numpy
def draw():
    return [random.random(), float(numpy.random.random()), float(numpy.random.default_rng().random()), secrets.token_hex(),
            os.urandom(9).hex(), uuid.uuid4().hex, uuid.uuid1().hex, random.SystemRandom().random()]
""",
    "generators of the file's own": """
import random, numpy
own, theirs, old = random.Random(), numpy.random.default_rng(), numpy.random.RandomState()
def draw():
    return [own.random(), float(theirs.random()), float(old.random())]
""",
}


@pytest.mark.parametrize("name", DRAWS)
def test_twenty_tasks_draw_twenty_numbers_from_each_source(standing_house: Any, name: str) -> None:
    need("numpy")
    text = FLOW.format(setup=DRAWS[name], body=" " * 8 + "return draw()", count=20)
    standing_house.deploy(text, unchecked=True, shown=shown(20))
    run, state = standing_house.run_dag()
    assert state == "success"
    for drawn in zip(*standing_house.xcoms(run).values(), strict=True):
        assert len(set(drawn)) == 20


def test_a_connection_that_was_closed_is_no_hazard(standing_house: Any, server: tuple[str, int]) -> None:
    setup = f"import socket\nwith socket.create_connection({server}): pass"
    text = FLOW.format(setup=setup, body=" " * 8 + "return cold", count=2)
    standing_house.deploy(text, unchecked=True, shown=shown(2))
    run, state = standing_house.run_dag()
    assert (state, set(standing_house.xcoms(run).values())) == ("success", {False}), [
        standing_house.log(run, map_index=i) for i in range(2)
    ]
