"""Random bytes, huge and slow bodies and broken JSON leave a web server healthy, and its memory where it was.

20 seconds in the gate; `nox -s fuzz` takes ten minutes. The web server is a process of its own.
"""

from __future__ import annotations

import base64
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from fuzz.attackers import ATTACKS, NASTY, Target, connect
from tradewind.api.parameters import PARAMETERS
from tradewind.api.routes import ROUTES

DURATION = float(os.environ.get("TRADEWIND_TEST_FUZZ_SECONDS", "20"))
PAUSE = float(
    os.environ.get("TRADEWIND_TEST_FUZZ_PAUSE", "0.02")
)  # seconds; in the gate other tests run beside this one
SEED = int(os.environ.get("TRADEWIND_TEST_FUZZ_SEED", "7"))
ATTACKERS = 3
SLOW = 150  # connections that send a byte now and then
MEBIBYTE = 1 << 20
GROWTH = 24 * MEBIBYTE  # bytes that the server may have more than after it was warm
STILL = (
    6 * MEBIBYTE
)  # … of which so many in the second half of a long attack: what is kept is bounded, and was kept before
PART = 60.0  # seconds between two looks at its memory
ANSWER_SECONDS = 5.0  # within which somebody who means well gets an answer, whatever goes on
PATIENCE = threading.Event()  # never set: what waits for a while waits for it


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Target, Path]]:
    """A web server with a database of its own, whom to attack, and its log."""
    environment = os.environ | {"TRADEWIND_HOME": str(tmp_path), "TRADEWIND__LOGS__LEVEL": "INFO"}
    tradewind = [sys.executable, "-m", "tradewind"]
    subprocess.run([*tradewind, "db", "migrate"], env=environment, check=True, capture_output=True)
    log = tmp_path / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*tradewind, "webserver", "--port", "0"], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"password: (\S+)", said)
        assert found, said
        where = urlsplit(process.stdout.readline().removeprefix("Listening on ").strip())
        login = "Basic " + base64.b64encode(f"admin:{found[1]}".encode()).decode()
        assert where.hostname
        assert where.port
        yield process, Target(where.hostname, where.port, login, paths()), log
        process.terminate()
        assert process.wait(timeout=60) == 0
        process.stdout.close()


def paths() -> tuple[tuple[str, str], ...]:
    """Every route with examples, and with what is odd, for its parameters."""
    made = []
    for route in ROUTES:
        examples = {name: PARAMETERS[name].metadata["example"] for name in route.parameters.fields}
        made.append((route.method, "/api/v1" + route.path.format(**examples)))
        odd = dict.fromkeys(examples, "%F0%9F%9C%8F%00")
        made.append((route.method, "/api/v1" + route.path.format(**odd)))
    return tuple(made)


@pytest.mark.long
@pytest.mark.timeout(DURATION + 180)
def test_the_server_stays_healthy_and_small(server: tuple[subprocess.Popen[str], Target, Path]) -> None:
    process, target, log = server
    measured = psutil.Process(process.pid)
    attack(target, min(3.0, DURATION / 4), seed=SEED + 1)  # what is imported and kept at first use is there after this
    warm = measured.memory_info().rss
    slow = [connect(target) for _ in range(SLOW)]
    for connection in slow:
        connection.sendall(b"POST /api/v1/pools HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{")
    statuses: Counter[int | None] = Counter()
    slowest, sizes = 0.0, [warm]
    for part in range(parts := max(1, round(DURATION / PART))):
        found, slow_one = attack(target, DURATION / parts, seed=SEED + 2 + part, slow=slow)
        statuses, slowest = statuses + found, max(slowest, slow_one)
        sizes.append(measured.memory_info().rss)
    for connection in slow:
        connection.close()
    assert_healthy(target)
    shown = ", ".join(str(round(size / MEBIBYTE)) for size in sizes)
    print(f"{sum(statuses.values())} requests, {dict(statuses)}; slowest {slowest:.2f} s; MiB: {shown}")
    assert not {status for status in statuses if status is not None and status >= 500}, log.read_text()[-6000:]
    assert "Traceback" not in log.read_text(), log.read_text()[-6000:]
    assert sizes[-1] - warm < GROWTH, shown
    if parts > 3:
        assert sizes[-1] - sizes[len(sizes) // 2] < STILL, shown
    assert slowest < ANSWER_SECONDS


def attack(
    target: Target, seconds: float, *, seed: int, slow: list[socket.socket] | None = None
) -> tuple[Counter[int | None], float]:
    """Attack for some seconds; return how often the server answered what, and its slowest answer to a good request."""
    statuses: Counter[int | None] = Counter()
    faults: list[Exception] = []
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        rng = random.Random(f"{seed} {number}")
        try:
            while time.monotonic() < end:
                try:
                    statuses[rng.choice(ATTACKS)(target, rng)] += 1
                except TimeoutError:
                    raise  # it does not answer
                except OSError:
                    statuses[None] += 1  # it hung up
                PATIENCE.wait(PAUSE)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    while time.monotonic() < end:
        slowest = max(slowest, assert_healthy(target))
        drip(slow or [])
        PATIENCE.wait(0.2)
    for thread in threads:
        thread.join()
    assert not faults, faults
    return statuses, slowest


def drip(slow: list[socket.socket]) -> None:
    """Send one more byte of each slow body."""
    for connection in slow:
        try:
            connection.send(NASTY[1][:1].encode())
        except OSError:
            continue  # the server has lost its patience with this one


def assert_healthy(target: Target) -> float:
    """Return the seconds that the server took to answer a good request."""
    began = time.monotonic()
    connection = HTTPConnection(target.host, target.port, timeout=60)
    connection.request("GET", "/api/v1/pools", headers={"Authorization": target.login})
    answer = connection.getresponse()
    assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()
    return time.monotonic() - began
