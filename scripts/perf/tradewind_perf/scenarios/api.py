"""The REST API with a bearer token: a hundred of a million task instances, and runs triggered at a steady rate."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.processes import cpu_seconds
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.scenarios.crowds import LENGTH, multiply
from tradewind_perf.servers import POSTGRESQL
from tradewind_perf.stage import Stage, open_stage

EVERY = "/api/v1/dags/~/dagRuns/~/taskInstances"
LISTS = {
    "all": f"{EVERY}?limit=100",
    "by state": f"{EVERY}?limit=100&state=success",
    "page 100": f"{EVERY}?limit=100&offset=9900",
    "of a DAG": "/api/v1/dags/perf_chain/dagRuns/~/taskInstances?limit=100",
    "runs": "/api/v1/dags/~/dagRuns?limit=100",
}
TIMES = 40
RATE = 100  # triggers a second
CLIENTS = 4
MINUTE = 60.0


class Client:
    """One connection to the web server, with a token.

    Arguments:
        stage: whose web server it is.
        token: of somebody who may do everything.
    """

    def __init__(self, stage: Stage, token: str) -> None:
        where = urlsplit(next(line for line in stage.log("webserver").splitlines() if "Listening" in line).split()[-1])
        self._connection = HTTPConnection(where.hostname or "", where.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> float:
        """Send a request and return the milliseconds until its answer was read.

        Raises:
            RuntimeError: the answer is no success.
        """
        began = time.perf_counter()
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]!r}")
        return 1000 * (time.perf_counter() - began)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def make_token(stage: Stage) -> str:
    """Return a token of the administrator, whom the web server has made."""
    words = ["tokens", "create", "--username", "admin", "--name", "perf", "--output", "json"]
    command = [sys.executable, "-m", "tradewind", *words]
    done = subprocess.run(command, env=stage.environment, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)[0]["token"])


def lists(bench: Bench) -> Iterator[Sample]:
    """Yield how long lists take beside a million task instances."""
    instances = bench.size(1_000_000, least=1000)
    with open_stage(bench.store(), files=("perf_chain.py",), environment={"PERF_CHAIN": str(LENGTH)}) as stage:
        stage.run("perf_chain")
        bench.say(f"filling: {instances:,} finished instances")
        multiply(stage, instances // LENGTH)
        stage.stop()
        stage.start("webserver")
        client = Client(stage, make_token(stage))
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            sample: dict[str, float] = {}
            for name, path in LISTS.items():
                client.ask("GET", path)
                sample[f"100 {name}, ms"] = statistics.median(client.ask("GET", path) for _ in range(TIMES))
            sample["web server MiB"] = stage.memory()["webserver"]
            yield sample
        client.close()


@dataclass
class Load:
    """What the clients together have sent, and how it went."""

    seconds: float
    began: float = field(default_factory=time.monotonic)
    taken: list[float] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    next: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def moment(self) -> float | None:
        """Return when the next request is to be sent; None when all were."""
        with self.lock:
            if self.next >= self.seconds * RATE:
                return None
            self.next += 1
            return self.began + (self.next - 1) / RATE

    def send(self, client: Client) -> None:
        """Trigger runs when their moments come, until all are sent; a late one counts from its moment on."""
        try:
            while (moment := self.moment()) is not None:
                time.sleep(max(0.0, moment - time.monotonic()))
                client.ask("POST", "/api/v1/dags/perf_api/dagRuns", {})
                self.taken.append(1000 * (time.monotonic() - moment))
        except (OSError, RuntimeError) as error:
            self.faults.append(error)


def triggers(bench: Bench) -> Iterator[Sample]:
    """Yield what becomes of a hundred triggers a second for a minute, while all daemons run."""
    seconds = max(2.0, MINUTE * bench.scale)
    with open_stage(bench.store(), files=("perf_api.py",)) as stage:
        stage.start("webserver")
        token = make_token(stage)
        stage.run("perf_api")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield trigger_steadily(stage, token, seconds)
            stage.await_runs()


def trigger_steadily(stage: Stage, token: str, seconds: float) -> Sample:
    """Trigger `perf_api` a hundred times a second for so many seconds; return how long it took and what it cost.

    Raises:
        RuntimeError: an answer is no success.
    """
    clients = [Client(stage, token) for _ in range(CLIENTS)]
    server = [stage.daemons["webserver"].pid]
    cpu, load = cpu_seconds(server), Load(seconds)
    threads = [threading.Thread(target=load.send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - load.began
    for client in clients:
        client.close()
    if load.faults:
        raise RuntimeError(str(load.faults[0]))
    ordered = sorted(load.taken)
    return {
        "triggers / s": len(ordered) / taken,
        "trigger median ms": statistics.median(ordered),
        "trigger 99 % ms": ordered[int(len(ordered) * 0.99)],
        "web server CPU ms per trigger": 1000 * (cpu_seconds(server) - cpu) / len(ordered),
    }


LIST_GOALS = tuple(at_most(f"100 {name}, ms", 50) for name in ("all", "by state", "of a DAG", "runs"))
SCENARIOS = (
    Scenario("api-lists", "100 of 1,000,000 task instances by the REST API", lists, LIST_GOALS, (POSTGRESQL,), 120),
    Scenario(
        "api-triggers",
        "100 triggers a second for a minute by the REST API, while all daemons run",
        triggers,
        (at_least("triggers / s", 99), at_most("trigger 99 % ms", 1000)),
        (POSTGRESQL,),
        100,
        runs=3,
    ),
)
