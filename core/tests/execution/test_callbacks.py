"""Callbacks, called by real workers in processes of their own: whatever became of the try, and whatever becomes of them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.execution.evidence import Coroner, DirectRegistrar
from tradewind.execution.log_keys import run_callback_log_key
from tradewind.execution.shelf import Shelf
from tradewind.metadata import tables
from tradewind.transitions import deadlines

pytestmark = pytest.mark.long_module

HEAD = """
import os, signal, threading, time
from pathlib import Path
from tradewind import DAG, task
from tradewind.exceptions import *

TOLD = Path({folder!r})

def tell(context, name="tell"):
    ti, error = context["ti"], context["exception"]
    with (TOLD / name).open("a") as file:
        print(ti.task_id, ti.try_number, ti.state, type(error).__name__, error, context.get("reason", "-"), file=file)
    print("told")
"""


def deploy(house: Any, folder: Path, body: str) -> None:
    house.deploy(HEAD.format(folder=str(folder)) + body)
    if not house.workers:
        house.start_worker(callbacks__timeout=20, execution__kill_delay=1)


def owed(house: Any) -> list[Any]:
    with house.database.read() as conn:
        return list(conn.execute(sa.select(tables.callback)))


def told(house: Any, folder: Path, lines: int, name: str = "tell") -> list[str]:
    """Wait until so many lines were told, and return them."""
    path = folder / name

    def found() -> list[str]:
        return path.read_text().splitlines() if path.exists() else []

    house.until(lambda: len(found()) >= lines, f"{lines} lines in {name}")
    return found()


def nothing_owed(house: Any) -> None:
    house.until(lambda: not owed(house), "every callback was called")


def test_whatever_ends_a_try_is_told_with_what_is_known_of_it(house: Any, tmp_path: Path) -> None:
    deploy(
        house,
        tmp_path,
        """
class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

with DAG("flow", on_failure_callback=tell, default_args={"on_failure_callback": tell, "on_skipped_callback": tell}):
    @task
    def raises(): raise ValueError("no such day")
    @task
    def odd(): raise Odd(1, 2)
    @task
    def killed(): os.kill(os.getpid(), signal.SIGKILL)
    @task
    def left(): raise TradewindSkipException("nothing new")
    @task(on_success_callback=tell)
    def neighbour(): return 1
    @task
    def key(): return {}["key"]
    @task
    def file(): open("/no/such/file")
    [raises(), key(), file(), odd(), killed(), left(), neighbour()]
""",
    )
    run, state = house.run_dag()
    assert state == "failed"
    lines = told(house, tmp_path, 8)
    by_task = {line.split()[0]: line for line in lines[:-1]}
    assert by_task["raises"] == "raises 1 failed ValueError no such day -"
    assert by_task["key"] == "key 1 failed KeyError 'key' -"
    assert by_task["file"] == "file 1 failed FileNotFoundError [Errno 2] No such file or directory: '/no/such/file' -"
    assert by_task["odd"] == "odd 1 failed Odd 1 and 2 -"
    assert by_task["killed"].startswith("killed 1 failed TradewindException the process was killed by SIGKILL")
    assert by_task["left"] == "left 1 skipped NoneType None -"
    assert by_task["neighbour"] == "neighbour 1 success NoneType None -"
    assert lines[-1].endswith(" failed NoneType None task_failure"), "the run's comes last"
    nothing_owed(house)
    key = run_callback_log_key("flow", house_run_id(house, run), "on_failure_callback", 1)
    assert "INFO - told" in house.logs.read(key).decode()


def house_run_id(house: Any, run: int) -> str:
    with house.database.read() as conn:
        return str(conn.execute(sa.select(tables.dag_run.c.run_id).where(tables.dag_run.c.id == run)).scalar_one())


def test_a_full_worker_calls_and_a_callback_that_hangs_or_fails_keeps_nobody(small_house: Any, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    small_house.start_worker(executor__slots=1, callbacks__slots=2, callbacks__timeout=1, execution__kill_delay=0.5)
    deploy(
        small_house,
        tmp_path,
        f"""
def hang(context):
    tell(context, "hanging")
    threading.Event().wait()

def fail(context):
    raise RuntimeError("no line")

with DAG("flow"):
    @task(on_success_callback=[hang, tell])
    def first(): return 1
    @task(on_success_callback=[fail, tell], on_execute_callback=fail)
    def second(n): return n
    @task
    def last(n):
        Path({str(go)!r}).read_text()
    last(second(first()))
""",
    )
    run = small_house.start_run()
    assert told(small_house, tmp_path, 1) == ["second 1 success NoneType None -"]
    small_house.until(lambda: all(row.error for row in owed(small_house)), "both failed once")
    errors = {row.task_id: (row.error, row.done) for row in owed(small_house)}
    assert errors["second"] == ("fail: RuntimeError: no line", "[1]")
    assert errors["first"][0].startswith("it ran longer than 1 s ([callbacks] timeout)")
    assert errors["first"][0].endswith("[callback-timeout]")
    assert small_house.instances(run)["last"].state == "running", "its one slot was taken all the time"
    go.write_text("on")
    assert small_house.finish(run) == "success"
    assert "on_execute_callback fail failed; the task goes on" in small_house.log(run, "second")


def test_a_worker_that_dies_while_it_calls_loses_nothing(small_house: Any, tmp_path: Path) -> None:
    deploy(
        small_house,
        tmp_path,
        """
def slow(context):
    tell(context, "slow")
    if len((TOLD / "slow").read_text().splitlines()) == 1:
        os.kill(int((TOLD / "worker").read_text()), signal.SIGKILL)
        threading.Event().wait()

with DAG("flow"):
    @task(on_success_callback=[tell, slow])
    def work(): return 1
    work()
""",
    )
    (worker,) = small_house.workers
    (tmp_path / "worker").write_text(str(worker.pid))
    small_house.run_dag()
    assert worker.wait(30) == -signal.SIGKILL
    assert len(owed(small_house)) == 1
    house = small_house
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    registrar = DirectRegistrar(house.database, shelf=Shelf.open(house.config), **tools)
    coroner = Coroner(house.config.home, registrar)
    coroner.settle(house.worker_id("w1"), "killed")  # as a watcher does that has seen it die
    house.start_worker("w2")
    nothing_owed(house)
    assert len(told(house, tmp_path, 2, "slow")) == 2
    assert len(told(house, tmp_path, 1)) == 2, "nobody knows whether the first was told: it is told again"


def test_a_version_that_cannot_be_imported_any_more_fails_the_callback_only(small_house: Any, tmp_path: Path) -> None:
    marker = tmp_path / "broken"
    deploy(
        small_house,
        tmp_path,
        f"""
if Path({str(marker)!r}).exists():
    raise RuntimeError("the disk is gone")

with DAG("flow", default_args={{"isolation": "fresh"}}):
    @task(on_success_callback=tell)
    def work():
        Path({str(marker)!r}).touch()
    work()
""",
    )
    run, state = small_house.run_dag()
    assert state == "success"
    small_house.until(lambda: owed(small_house) and owed(small_house)[0].error, "the callback failed")
    assert "could not be imported: RuntimeError: the disk is gone" in owed(small_house)[0].error
    assert small_house.states(run) == {"work": "success"}


def meet_deadlines(house: Any, run: int) -> None:
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    house.database.write(lambda c: deadlines.meet(c, run, **tools))


def test_a_run_that_takes_too_long_has_its_tasks_ended_and_its_callback_called(
    small_house: Any, tmp_path: Path
) -> None:
    deploy(
        small_house,
        tmp_path,
        """
from datetime import timedelta
from tradewind.operators.python import PythonOperator

class Slow(PythonOperator):
    def on_kill(self):
        (TOLD / "killed").touch()

def hang():
    (TOLD / "hangs").touch()
    threading.Event().wait()

with DAG("flow", dagrun_timeout=timedelta(milliseconds=1), on_failure_callback=tell):
    Slow(task_id="work", python_callable=hang, on_failure_callback=tell)
""",
    )
    run = small_house.start_run()
    small_house.until((tmp_path / "hangs").exists, "the task hangs")
    meet_deadlines(small_house, run)
    assert (small_house.run_state(run), small_house.states(run)) == ("failed", {"work": "skipped"})
    assert told(small_house, tmp_path, 1) == ["work 1 skipped NoneType None timed_out"]
    small_house.until((tmp_path / "killed").exists, "on_kill was called")


def test_a_missed_deadline_is_called_while_the_run_goes_on(small_house: Any, tmp_path: Path) -> None:
    deploy(
        small_house,
        tmp_path,
        """
from datetime import timedelta
from tradewind import AsyncCallback, DeadlineAlert, DeadlineReference

async def ring(word, context):
    (TOLD / "rang").write_text(f"{word} {context['deadline']['deadline_time'].isoformat()} {context['dag_run'].state}")

alert = DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, timedelta(hours=1), AsyncCallback(ring, {"word": "late"}))
with DAG("flow", deadline=alert):
    @task
    def work():
        while not (TOLD / "rang").exists():
            threading.Event().wait(0.05)
    work()
""",
    )
    run = small_house.start_run()
    meet_deadlines(small_house, run)
    assert small_house.finish(run) == "success"
    assert (tmp_path / "rang").read_text() == "late 2026-01-02T04:04:05+00:00 running"


def test_late_tasks_are_told_of_in_airflows_words(small_house: Any, tmp_path: Path) -> None:
    deploy(
        small_house,
        tmp_path,
        """
from datetime import timedelta
from tradewind import BaseNotifier

def late(dag, task_list, blocking_task_list, slas, blocking_tis):
    with (TOLD / "late").open("a") as file:
        print(dag.dag_id, "|", task_list, "|", blocking_task_list, file=file)
        print(slas[0].task_id, slas[0].timestamp.isoformat(), blocking_tis[0].state, file=file)

class Note(BaseNotifier):
    template_fields = ("text",)
    text = "{{ dag.dag_id }}: {{ task_list }}"
    def notify(self, context):
        (TOLD / "noted").write_text(self.text)

with DAG("flow", sla_miss_callback=[late, Note()]):
    @task(sla=timedelta(seconds=1), pool="nowhere")
    def work(): ...
    work()
""",
    )
    run = small_house.start_run(run_type="scheduled")
    meet_deadlines(small_house, run)
    day = "2026-01-02T03:04:05+00:00"
    assert told(small_house, tmp_path, 2, "late") == [
        f"flow | work on {day} | work on {day}",
        "work 2026-01-02T03:04:06+00:00 scheduled",
    ]
    nothing_owed(small_house)
    assert (tmp_path / "noted").read_text() == f"flow: work on {day}"
