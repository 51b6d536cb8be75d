"""A worker without the metadata database, as a real process beside a real web server: everything a task does works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import connections, variables
from tradewind_plugins.connection import Connection

pytestmark = pytest.mark.long_module

SIMPLE = """
from tradewind import DAG, task
with DAG('flow'):
    @task
    def first(): return 20
    @task
    def second(value): return value + 1
    second(first())
"""
EVERYTHING = """
from pathlib import Path
from tradewind import DAG, Connection, Variable, task
from tradewind.exceptions import TradewindSkipException
import beside

TOLD = Path({told!r})

def tell(context):
    word = Variable.get("colour")
    with TOLD.open("a") as file:
        print(context["ti"].task_id, context["ti"].try_number, word, file=file)

with DAG("flow", on_success_callback=tell):
    @task
    def values(ti):
        ti.xcom_push(key="word", value=beside.WORD)
        ti.xcom_push(key="a//b c/%2F?ö", value="x" * 300_000)
        return list(range(100_000))
    @task
    def reads(numbers, ti):
        return [sum(numbers), ti.xcom_pull(task_ids="values", key="word"), len(ti.xcom_pull(task_ids="values", key="a//b c/%2F?ö"))]
    @task
    def variable():
        Variable.set("left", "behind")
        print("it is", Variable.get("api_secret"))
        return [Variable.get("colour"), Variable.get("left"), Variable.get("none", default_var="nothing")]
    @task
    def connection():
        found = Connection.get_connection_from_secrets("shop")
        print("logging in with", found.password)
        return found.host
    @task(retries=2, retry_delay=0.0, on_retry_callback=tell)
    def second_time(ti):
        if ti.try_number == 1:
            raise ValueError("not yet")
        return ti.try_number
    @task
    def many(): return [1, 2, 3]
    @task
    def double(one): return one * 2
    @task
    def total(all_of_them): return sum(all_of_them)
    @task
    def left(): raise TradewindSkipException("nothing new")
    reads(values()); variable(); connection(); second_time(); left()
    total(double.expand(one=many()))
"""


def secrets_of(house: Any) -> None:
    cipher = open_cipher(house.config.security.fernet_key, house.home)

    def work(conn: sa.Connection) -> None:
        variables.set_variable(conn, "colour", "blue", description=None, cipher=cipher)
        variables.set_variable(conn, "api_secret", "planted-variable", description=None, cipher=cipher)
        found = Connection(conn_id="shop", conn_type="http", host="shop.example.com", password="planted-password")
        connections.add_connection(conn, found, cipher=cipher)

    house.database.write(work)


def test_a_task_does_all_that_it_does_beside_the_database(standing_remote: Any, tmp_path: Path) -> None:
    house, told = standing_remote.house, tmp_path / "told"
    secrets_of(house)
    house.deploy({"flow.py": EVERYTHING.format(told=str(told)), "beside.py": "WORD = 'beside'\n"})
    run, state = house.run_dag()
    assert state == "success", [house.log(run, name) for name in house.states(run) if "[" not in name]
    found = values_of(house, run)
    assert found["reads"] == [sum(range(100_000)), "beside", 300_000]
    assert found["variable"] == ["blue", "behind", "nothing"]
    assert (found["connection"], found["second_time"], found["total"]) == ("shop.example.com", 2, 12)
    assert house.states(run)["left"] == "skipped"
    assert {each.worker for each in house.instances(run).values()} == {house.worker_id("r1")}
    # Secrets are masked by the worker, which was told of them with the answers
    assert "it is ***" in house.log(run, "variable")
    assert "logging in with ***" in house.log(run, "connection")
    house.until(lambda: told.exists() and len(told.read_text().splitlines()) == 2, "both callbacks were called")
    said = told.read_text().splitlines()
    assert "second_time 1 blue" in said
    assert {line.split()[-1] for line in said} == {"blue"}
    own = standing_remote.home_of("r1")
    assert not (own / "tradewind.db").exists()
    assert list((own / "workers" / "spool").iterdir()) == [], "what went through the spool is gone"


def values_of(house: Any, run: int) -> dict[str, Any]:
    """Return what tasks returned that is in the database."""
    rows = house.xcom_rows(run)
    return {row.task_id: json.loads(row.value) for row in rows if row.key == "return_value" and row.value is not None}


DEFERRED = """
import asyncio
from tradewind import DAG, BaseOperator
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

class Soon(BaseTrigger):
    def serialize(self):
        return f"{__name__}.Soon", {}
    async def run(self):
        yield TriggerEvent("found")

class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Soon(), method_name="go_on", kwargs={"more": {1, 2}})
    def go_on(self, context, event, more):
        return [event, sorted(more)]

with DAG("flow"):
    Waits(task_id="work")
"""


def test_a_deferred_task_goes_on_there(standing_remote: Any) -> None:
    house = standing_remote.house
    house.deploy(DEFERRED)
    with (house.home / "triggerer.out").open("ab") as output:
        command = [sys.executable, "-m", "tradewind", "triggerer"]
        triggerer = subprocess.Popen(command, env=house.environ, stdout=output, stderr=output)
    try:
        run, state = house.run_dag()
    finally:
        triggerer.send_signal(signal.SIGTERM)
        triggerer.wait(30)
    assert state == "success", house.log(run)
    assert house.last_value(run) == ["found", [1, 2]]


def test_what_fails_says_why_and_what_is_asked_wrongly_fails_alone(standing_remote: Any) -> None:
    house = standing_remote.house
    house.deploy("""
from tradewind import DAG, Connection, task
with DAG('flow'):
    @task
    def none(): return Connection.get_connection_from_secrets("there_is_none").host
    @task
    def killed():
        import os
        os.kill(os.getpid(), 9)
    @task
    def good(): return 1
    none(); killed(); good()
""")
    run, state = house.run_dag()
    assert state == "failed"
    assert house.states(run) == {"none": "failed", "killed": "failed", "good": "success"}
    assert "there_is_none" in house.tries(run, "none")[0].cause
    assert "SIGKILL" in house.tries(run, "killed")[0].cause


def test_the_environment_of_a_task_does_not_hold_the_secret(standing_remote: Any) -> None:
    house = standing_remote.house
    house.deploy("""
import os
from tradewind import DAG, task
with DAG('flow'):
    @task
    def work(): return sorted(name for name in os.environ if "SECRET" in name)
    work()
""")
    run, state = house.run_dag()
    assert (state, house.last_value(run)) == ("success", [])


def test_a_worker_process_opens_no_database_and_a_watcher_settles_its_death(remote: Any, tmp_path: Path) -> None:
    remote.start_server()
    remote.start_scheduler()
    house, fifo = remote.house, tmp_path / "fifo"
    os.mkfifo(fifo)
    house.deploy(f"""
from tradewind import DAG, task
with DAG('flow'):
    @task(retries=1, retry_delay=0.0)
    def work(ti):
        if ti.try_number == 1:
            with open({str(fifo)!r}, "w") as out:
                out.write("begun")
            import signal
            signal.pause()
        return ti.try_number
    work()
""")
    home = remote.home_of("host")
    home.mkdir()
    with (house.home / "watcher.out").open("ab") as output:
        command = [sys.executable, "-m", "tradewind", "worker"]
        watcher = subprocess.Popen(command, env=remote.environ(home), stdout=output, stderr=output)
    try:
        run = house.start_run()
        assert fifo.read_text() == "begun"
        (worker,) = live_workers(house)
        opened = {each.path for pid in family(watcher.pid) for each in psutil.Process(pid).open_files()}
        assert not any(path.endswith(".db") for path in opened)
        os.kill(worker.pid, signal.SIGKILL)
        assert house.finish(run) == "success", (house.home / "watcher.out").read_text()
        assert [each.state for each in house.tries(run)] == ["lost", "success"]
    finally:
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(30) == 0, (house.home / "watcher.out").read_text()
    assert live_workers(house) == [], "the last one has left in order"


def family(pid: int) -> list[int]:
    process = psutil.Process(pid)
    return [pid, *(each.pid for each in process.children(recursive=True))]


def live_workers(house: Any) -> list[Any]:
    d = tables.daemon
    with house.database.read() as conn:
        return list(conn.execute(d.select().where(d.c.kind == "worker", d.c.ended_at.is_(None))))


def command(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    words = (sys.executable, "-m", "tradewind", *words)
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_who_is_not_let_in_ends_with_one_sentence(standing_remote: Any, tmp_path: Path) -> None:
    environ = standing_remote.environ(tmp_path)
    other = environ | {"TRADEWIND__EXECUTION_API__SECRET": "x" * 40}
    done = command(other, "worker")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"tradewind: {standing_remote.url} does not let this worker in: The credential was signed"
    )
    assert done.stderr.endswith("[worker-not-admitted]\n")
    assert done.stderr.count("\n") == 1
    none = {name: value for name, value in environ.items() if name != "TRADEWIND__EXECUTION_API__SECRET"}
    done = command(none, "worker")
    assert done.returncode == 1
    assert "execution_api.secret needs at least 32 characters" in done.stderr
    assert "Traceback" not in done.stderr
    done = command(environ | {"TRADEWIND__WORKER__SERVER": ""}, "worker", "--server", "nowhere")
    assert done.returncode == 1
    assert "worker.server must be the URL of a Tradewind web server" in done.stderr


def test_a_secret_that_is_too_short_starts_no_web_server(standing_remote: Any) -> None:
    environ = standing_remote.house.environ | {"TRADEWIND__EXECUTION_API__SECRET": "short"}
    done = command(environ, "webserver", "--port", "0")
    assert done.returncode == 1
    assert "execution_api.secret needs at least 32 characters" in done.stderr
    assert "Traceback" not in done.stderr


CHAIN = """
from tradewind import DAG, task
with DAG('flow'):
    last = None
    for n in range(20):
        link = task(task_id=f"t{n}")(lambda: None)()
        if last is not None:
            last >> link
        last = link
"""


def test_a_task_that_follows_another_costs_one_request(
    small_house: Any, served: Callable[..., Any], remote_of: Callable[..., Any], tmp_path: Path
) -> None:
    with served(small_house) as server:
        remote = remote_of(small_house, tmp_path, int(server.url.rpartition(":")[2]))
        # Renewals and looks without a reason do not come between
        remote.start_worker(leases__renew_every=60, scheduler__poll_interval=60)
        small_house.deploy(CHAIN)
        small_house.run_dag()
        del server.paths[:]
        _run, state = small_house.run_dag()
        exchanges = [path for path in server.paths if path.endswith("/exchange")]
        others = [path for path in server.paths if not path.endswith(("/exchange", "/renew", "/wait"))]
        remote.close()
    assert (state, others) == ("success", [])
    assert len(exchanges) <= 20 + 4, "one for each end, which brings the next; the first; and a wake-up or two"


def test_a_server_ends_in_order_while_workers_wait(standing_remote: Any) -> None:
    server, house = standing_remote.servers[-1], standing_remote.house
    house.deploy(SIMPLE)
    assert house.run_dag()[1] == "success"
    server.terminate()
    assert server.wait(60) == 0
    assert "still running" not in (house.home / "server.err").read_text(), "it was not kept by those that wait"
    standing_remote.start_server()
    assert house.run_dag()[1] == "success", "the worker waits at the new one"
