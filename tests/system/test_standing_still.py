"""Who stands still is ended: a scheduler by itself, a supervisor by its watcher, before others take its tasks over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from tradewind.cli.processes.watchdog import EXIT_STALLED
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import daemons
from tradewind.metadata.tables import daemon, pulse
from tradewind.transitions.daemons import Leases, register

pytestmark = pytest.mark.long_module

ON_POSTGRES = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
SHORT = {
    "TRADEWIND__LEASES__DURATION": "1",
    "TRADEWIND__LEASES__RENEW_EVERY": "0.3",
    "TRADEWIND__LEASES__STALL_LIMIT": "2",
}
PIPE_SIZE = 4096
GATED = """
import os
import pendulum
from tradewind import DAG, task

with DAG("gated", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task(retries=1, retry_delay=0)
    def first():
        print("process", os.getpid())
        with open({here!r}, "a") as here:
            here.write(str(os.getpid()) + "\\n")
        with open({gate!r}) as gate:
            gate.read()

    first()
"""


def living_schedulers(deployment) -> int:
    """How many schedulers have a valid lease."""
    now = SystemClock().sql_now()
    with deployment.database.read() as conn:
        return len(daemons.jobs(conn, sql_now=now, kind="scheduler", live_only=True))


@ON_POSTGRES
def test_a_scheduler_whose_loop_hangs_ends_itself_and_one_that_waits_an_outage_out_does_not(deployment) -> None:
    deployment.environment |= SHORT | {"TRADEWIND__DATABASE__ANSWER_TIMEOUT": "0"}
    deployment.start("scheduler")
    hanging = deployment.processes.pop("scheduler")
    deployment.environment |= {"TRADEWIND__DATABASE__ANSWER_TIMEOUT": "1.5"}
    deployment.start("scheduler")
    deployment.until("both live", lambda: living_schedulers(deployment) == 2)

    with deployment.database.transaction() as conn:  # what both want to write
        conn.execute(sa.select(pulse).with_for_update())
        deployment.until("it ends itself", lambda: hanging.poll() is not None)
        assert hanging.returncode == EXIT_STALLED
        assert deployment.processes["scheduler"].poll() is None, "who gives up and tries again moves"
    deployment.until("the other goes on", lambda: living_schedulers(deployment) == 1)
    said = (deployment.home / "scheduler.log").read_text()
    assert "the scheduler's loop has stood still for 2 s, so it ends itself with exit code 5" in said
    assert "→ beat (daemons.py:" in said
    assert deployment.stop() == {"scheduler": 0}


@ON_POSTGRES
def test_a_scheduler_that_hangs_in_its_own_log_ends_itself(deployment) -> None:
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    command = [sys.executable, "-m", "tradewind", "scheduler", "--no-worker"]
    environment = deployment.environment | SHORT | {"TRADEWIND__DATABASE__ANSWER_TIMEOUT": "1"}
    with os.fdopen(os.dup(mouth), "wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    deployment.processes["hanging"] = process
    deployment.until("it lives", lambda: living_schedulers(deployment) == 1)
    try:
        while True:
            os.write(mouth, b"x" * PIPE_SIZE)
    except BlockingIOError:
        os.set_blocking(mouth, True)  # of the pipe's end as a whole: the scheduler's writes wait from now on
    clock = SystemClock()
    gone = RandomIds(clock.now).nonce()
    deployment.database.write(
        lambda conn: register(conn, daemon_id=gone, kind="x", host="x", pid=1, clock=clock, leases=Leases())
    )
    expired = daemon.update().where(daemon.c.id == gone).values(expires_at=clock.now(), renewed_at=clock.now())
    deployment.database.write(lambda conn: conn.execute(expired))  # the scheduler warns of it, and nobody reads that
    deployment.until("it ends itself", lambda: process.poll() is not None)
    assert process.returncode == EXIT_STALLED
    deployment.processes.clear()
    for descriptor in (ear, mouth):
        os.close(descriptor)


@ON_POSTGRES
def test_a_stopped_process_that_goes_on_gets_the_chance_to(deployment) -> None:
    deployment.environment |= SHORT
    deployment.start("scheduler")
    deployment.until("it lives", lambda: living_schedulers(deployment) == 1)
    process = psutil.Process(deployment.processes["scheduler"].pid)
    process.suspend()
    deployment.until("its lease runs out", lambda: living_schedulers(deployment) == 0)
    with pytest.raises(subprocess.TimeoutExpired):  # far longer than the limit
        deployment.processes["scheduler"].wait(2.5)
    process.resume()
    deployment.until("it lives again", lambda: living_schedulers(deployment) == 1)
    assert deployment.stop() == {"scheduler": 0}


@ON_POSTGRES
def test_a_supervisor_that_is_stopped_is_ended_with_its_tasks_before_others_take_them_over(
    deployment, tmp_path: Path
) -> None:
    gate, here = tmp_path / "gate", tmp_path / "here"
    os.mkfifo(gate)
    deployment.environment |= SHORT | {
        "TRADEWIND__LEASES__ISOLATION_GRACE": "4",
        "TRADEWIND__LEASES__MARGIN": "1.5",
        "TRADEWIND__DATABASE__ANSWER_TIMEOUT": "1.5",
    }
    deployment.start("processor", "worker", "scheduler")
    deployment.put("gated.py", GATED.format(gate=str(gate), here=str(here)))
    deployment.until("the file is read", deployment.dag_ids)
    deployment.cli("dags", "trigger", "gated", "--run-id", "one")
    deployment.until("the task runs", here.exists)
    first = psutil.Process(int(here.read_text().split()[0]))

    [supervisor] = psutil.Process(deployment.processes["worker"].pid).children()
    supervisor.send_signal(signal.SIGSTOP)
    deployment.until("it runs again", lambda: len(here.read_text().split()) == 2)
    assert not first.is_running(), "the first was ended before"
    assert not supervisor.is_running()
    gate.write_text("go")
    deployment.until("the run ends", lambda: deployment.run_state("gated", "one") == "success")
    assert "the worker's loop stands still" in (deployment.home / "worker.log").read_text()
    assert deployment.stop() == {"processor": 0, "worker": 0, "scheduler": 0}
