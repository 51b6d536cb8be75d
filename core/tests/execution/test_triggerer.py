"""Deferred tasks through real triggerers, workers and databases; each bad trigger with a good neighbour beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import waits, watchers
from tradewind.transitions.waiting import why_deferred

pytestmark = pytest.mark.long_module

FLOW = """
    import asyncio, os
    from pathlib import Path
    from datetime import timedelta
    from tradewind import DAG, BaseOperator, Variable
    from tradewind_plugins.triggers import BaseTrigger, TriggerEvent, TaskSuccessEvent

    class Waiting(BaseTrigger):
        def __init__(self, how, value=None):
            super().__init__()
            self.how, self.value = how, value

        def serialize(self):
            return f"{__name__}.Waiting", {"how": self.how, "value": self.value}

        async def run(self):
            self.log.info("waiting as %s", self.how)
            yield await getattr(self, self.how)()

        async def soon(self):
            return TriggerEvent({"value": self.value, "pid": os.getpid()})

        async def word(self):
            await asyncio.to_thread(Path(self.value).read_text)  # a pipe: until somebody has opened it
            return TriggerEvent("found")

        async def never(self):
            await asyncio.Event().wait()

        async def fail(self):
            raise ValueError("the trigger broke")

        async def block(self):
            Path(self.value).touch()
            Path(self.value + ".go").read_text()
            return TriggerEvent(os.getpid())

        async def end(self):
            return TaskSuccessEvent(xcoms={"done": self.value})

        async def variable(self):
            value = await asyncio.to_thread(Variable.get, "secret_word")
            self.log.info("it is %s", value)
            return TriggerEvent(value)

        async def leave(self):
            os._exit(3)

    class Deferring(BaseOperator):
        def __init__(self, *, how, value=None, timeout=None, **kwargs):
            super().__init__(**kwargs)
            self.how, self.value, self.timeout = how, value, timeout

        def execute(self, context):
            context["ti"].xcom_push("before", 1)
            self.defer(trigger=Waiting(self.how, self.value), method_name="go_on", kwargs={"more": {1, 2}},
                       timeout=self.timeout)

        def go_on(self, context, event, more):
            assert more == {1, 2}
            return event

    class Slow(Deferring):
        def resume_execution(self, *args):
            sum(range(3_000_000))  # takes longer than what is left of a timeout that has passed
            return super().resume_execution(*args)

    with DAG("flow"):
        TASKS
"""


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what does not depend on the database; the statements behind it are tested on all of them, in `transitions`."""


@pytest.fixture
def start_triggerer() -> Any:
    """Start triggerers of a house, as their command does; they are stopped at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(house: Any, *words: str, **settings: Any) -> subprocess.Popen[bytes]:
        environ = house.environ | {f"TRADEWIND__{key.upper()}": str(value) for key, value in settings.items()}
        with (house.home / f"triggerer{len(started)}.out").open("ab") as output:
            command = [sys.executable, "-m", "tradewind", "triggerer", *words]
            started.append(subprocess.Popen(command, env=environ, stdout=output, stderr=output))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    codes = [process.wait(30) for process in started]
    assert set(codes) <= {0, -signal.SIGKILL}


def deploy(house: Any, *tasks: str) -> None:
    house.deploy(FLOW.replace("TASKS", "\n        ".join(tasks)))


def pipe(house: Any, name: str) -> Path:
    """Make a pipe: who reads it waits until somebody writes."""
    os.mkfifo(house.home / name)
    return house.home / name


def deferral(house: Any, run: int, task_id: str) -> Any:
    instance = house.instances(run)[task_id].id
    with house.database.read() as conn:
        query = sa.select(tables.deferral).where(tables.deferral.c.instance == instance)
        return conn.execute(query).one_or_none()


def test_a_task_goes_on_with_what_its_trigger_has_found(house: Any, start_triggerer: Any) -> None:
    deploy(
        house,
        "Deferring(task_id='soon', how='soon', value=[1])",
        "Deferring(task_id='fails', how='fail', retries=0)",
        "Deferring(task_id='ends', how='end', value='x')",
        "Deferring(task_id='late', how='never', timeout=timedelta(seconds=1))",
        "Slow(task_id='limited', how='never', execution_timeout=timedelta(seconds=2))",
    )
    house.start_worker()
    start_triggerer(house)
    run, state = house.run_dag()
    assert state == "failed"
    ends = {"soon": "success", "fails": "failed", "ends": "success", "late": "failed", "limited": "failed"}
    assert house.states(run) == ends
    found = house.xcoms(run)
    assert found["soon", "return_value"]["value"] == [1]
    assert found["soon", "before"] == 1
    assert found["ends", "done"] == "x"
    assert [(each.state, each.try_number) for each in house.tries(run, "soon")] == [("deferred", 1), ("success", 1)]
    assert "ValueError: the trigger broke" in house.tries(run, "fails")[-1].cause
    assert "TaskDeferralTimeout" in house.tries(run, "late")[-1].cause
    assert "TaskDeferralTimeout" in house.tries(run, "limited")[-1].cause
    with house.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(tables.deferral)).scalar_one() == 0


@on_sqlite
def test_a_task_that_starts_from_its_trigger_is_never_executed(house: Any, start_triggerer: Any) -> None:
    house.deploy(
        FLOW.replace(
            "    with DAG(",
            """
    class Begun(BaseOperator):
        start_from_trigger = True

        def __init__(self, trigger, **kwargs):
            super().__init__(**kwargs)
            arguments = {"how": "soon", "value": self.task_id}
            self.start_trigger_args = StartTriggerArgs(trigger, "go_on", arguments, {"more": 2}, timedelta(minutes=1))

        def execute(self, context):
            raise ValueError("nobody asks for this")

        def go_on(self, context, event, more):
            return [event["value"], more]

    with DAG(""",
        )
        .replace("TriggerEvent, ", "StartTriggerArgs, TriggerEvent, ")
        .replace(
            "TASKS",
            'Begun(task_id="own", trigger=f"{__name__}.Waiting"); Begun(task_id="none", trigger="no.such.Thing")',
        )
    )
    house.start_worker()
    start_triggerer(house)
    run, _ = house.run_dag()
    assert house.states(run) == {"own": "success", "none": "failed"}
    assert house.xcoms(run)["own", "return_value"] == ["own", 2]
    assert "No module named 'no'" in house.tries(run, "none")[-1].cause


WATCHED = FLOW.replace(
    'with DAG("flow"):',
    """class Lines(BaseTrigger):
        def __init__(self, path):
            super().__init__()
            self.path = path

        def serialize(self):
            return f"{__name__}.Lines", {"path": self.path}

        async def run(self):
            for word in (await asyncio.to_thread(Path(self.path).read_text)).split():
                if word == "fail":
                    raise ValueError("the queue broke")
                yield TriggerEvent({"word": word})

    names = {"good": "good", "bad": "bad"}
    watchers = [AssetWatcher(name, Lines(os.path.join("HOME", name))) for name in names]
    with DAG("flow", schedule=[Asset("lines", watchers=watchers)]):""",
).replace("import DAG,", "import DAG, Asset, AssetWatcher,")


def words(house: Any) -> list[str]:
    with house.database.read() as conn:
        extras = conn.execute(sa.select(tables.asset_event.c.extra).order_by(tables.asset_event.c.id)).scalars()
        return [json.loads(each)["payload"]["word"] for each in extras]


def watched(house: Any) -> dict[str, Any]:
    with house.database.read() as conn:
        return {row.name: row for row in watchers.find(conn)}


def test_events_of_watchers_are_those_of_their_asset(house: Any, start_triggerer: Any) -> None:
    good, bad = pipe(house, "good"), pipe(house, "bad")
    house.deploy(WATCHED.replace("HOME", str(house.home)).replace("TASKS", "Deferring(task_id='t', how='soon')"))
    with house.database.transaction() as conn:
        names = ("uri", "name", "classpath", "kwargs")
        rows = [dict(zip(names, each, strict=True)) for each in house.graphs.get(conn, house.versions["flow"]).watchers]
        watchers.put(conn, ["flow"], [{"dag_id": "flow", **row} for row in rows])
    start_triggerer(house)
    bad.write_text("one fail")
    house.until(lambda: (watched(house)["bad"].problem or "").endswith("ValueError: the queue broke"), "it is told of")
    good.write_text("two three")
    house.until(lambda: len(words(house)) == 3, "the events are there")
    good.write_text("four")  # it ended, and is run again
    house.until(lambda: len(words(house)) == 4, "the next event is there")
    assert words(house) == ["one", "two", "three", "four"]
    assert watched(house)["bad"].triggerer is None


@on_sqlite
def test_what_is_stored_is_encrypted_and_lines_of_triggers_stand_in_the_tries_log(
    house: Any, start_triggerer: Any
) -> None:
    deploy(house, "Deferring(task_id='asks', how='variable', value='hidden words')")
    cipher = open_cipher("", house.home)
    with house.database.transaction() as conn:
        conn.execute(tables.variable.insert().values(key="secret_word", value=cipher.encrypt("swordfish")))
    house.start_worker()
    run = house.start_run()
    house.until(lambda: house.states(run)["asks"] == "deferred", "it is deferred")
    row = deferral(house, run, "asks")
    assert "hidden" not in row.kwargs
    assert "hidden words" in cipher.decrypt(row.kwargs)
    start_triggerer(house)
    assert house.finish(run) == "success"
    assert house.xcoms(run)["asks", "return_value"] == "swordfish"
    (first, *_) = house.tries(run, "asks")
    with house.database.read() as conn:
        found = conn.execute(sa.select(tables.dag_run.c.run_id).where(tables.dag_run.c.id == run)).scalar_one()
    log = (house.home / "logs" / f"dag_id=flow/run_id={found}/task_id=asks/attempt=1.log").read_text()
    assert "INFO - waiting as variable" in log
    assert "INFO - it is ***" in log
    assert first.state == "deferred"


@on_sqlite
def test_a_trigger_that_blocks_is_named_and_the_others_go_on(house: Any, start_triggerer: Any) -> None:
    flag = house.home / "blocked"
    pipe(house, "blocked.go")
    deploy(
        house,
        f"Deferring(task_id='blocks', how='block', value={str(flag)!r})",
        f"Deferring(task_id='waits', how='word', value={str(pipe(house, 'there'))!r})",
    )
    house.start_worker()
    start_triggerer(house, triggerer__block_limit=0.5)
    run = house.start_run()
    house.until(flag.exists, "the trigger blocks")
    house.until(lambda: deferral(house, run, "blocks").problem, "the trigger is named")
    (house.home / "there").write_text("")
    house.until(lambda: house.states(run)["waits"] == "success", "its neighbour goes on")
    assert house.states(run)["blocks"] == "deferred"
    with house.database.read() as conn:
        (waiting,) = waits.deferred(conn)
    assert (waiting.dag_id, waiting.count, waiting.unclaimed) == ("flow", 1, 0)
    problem = deferral(house, run, "blocks").problem
    assert why_deferred(waiting, {"triggerer"}) == problem
    assert "Trigger flow.Waiting blocks the loop that it shares: it stood still for" in problem
    assert "block (" in problem
    (house.home / "blocked.go").write_text("")
    assert house.finish(run) == "success"


def test_a_killed_triggerers_triggers_go_on_with_another(house: Any, start_triggerer: Any) -> None:
    deploy(house, f"Deferring(task_id='waits', how='word', value={str(pipe(house, 'there'))!r})")
    house.start_worker()
    first = start_triggerer(house)
    run = house.start_run()
    house.until(lambda: (row := deferral(house, run, "waits")) and row.triggerer, "it is claimed")
    before = deferral(house, run, "waits")
    first.kill()
    first.wait()
    start_triggerer(house)
    # What a scheduler does once the lease has expired
    with house.database.transaction() as conn:
        ended = tables.daemon.update().where(tables.daemon.c.id == before.triggerer)
        conn.execute(ended.values(ended_at=house.clock.now(), end_cause="killed"))
    house.until(lambda: deferral(house, run, "waits").triggerer not in (None, before.triggerer), "it is taken over")
    assert deferral(house, run, "waits").claim == 2
    (house.home / "there").write_text("")
    assert house.finish(run) == "success"
    assert [each.state for each in house.tries(run, "waits")] == ["deferred", "success"]


@on_sqlite
def test_a_stopped_triggerer_gives_its_triggers_back(house: Any, start_triggerer: Any) -> None:
    deploy(house, "Deferring(task_id='waits', how='never')")
    house.start_worker()
    process = start_triggerer(house)
    run = house.start_run()
    house.until(lambda: (row := deferral(house, run, "waits")) and row.triggerer, "it is claimed")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    row = deferral(house, run, "waits")
    assert (row.triggerer, row.ending) == (None, None)


@on_sqlite
def test_a_triggerer_runs_no_more_than_its_capacity(house: Any, start_triggerer: Any) -> None:
    deploy(
        house,
        f"Deferring(task_id='first', how='word', value={str(pipe(house, 'first'))!r})",
        f"Deferring(task_id='second', how='word', value={str(pipe(house, 'second'))!r})",
    )
    house.start_worker()
    run = house.start_run()
    house.until(lambda: set(house.states(run).values()) == {"deferred"}, "both are deferred")
    start_triggerer(house, "--capacity", "1")

    def claimed() -> list[str]:
        return [each for each in ("first", "second") if (row := deferral(house, run, each)) and row.triggerer]

    house.until(claimed, "one is claimed")
    (taken,) = claimed()
    (house.home / taken).write_text("")
    house.until(lambda: house.states(run)[taken] == "success", "it goes on")
    (left,) = house.until(claimed, "there is room for the other")
    assert left != taken
    (house.home / left).write_text("")
    assert house.finish(run) == "success"


BUILT_IN = """
    from datetime import datetime, timedelta
    from pathlib import Path
    from tradewind import DAG, task
    from tradewind.operators.trigger_dagrun import TriggerDagRunOperator
    from tradewind.sensors.date_time import DateTimeSensorAsync
    from tradewind.sensors.external_task import ExternalTaskSensor
    from tradewind.sensors.filesystem import FileSensor
    from tradewind.sensors.time_delta import WaitSensor

    HOLD = {hold!r}

    with DAG("child"):
        @task
        def work():
            Path(HOLD).read_text()

        work()

    with DAG("broken"):
        @task
        def work():
            Path(HOLD + ".broken").read_text()
            raise ValueError("broken on purpose")

        work()

    WAIT = dict(deferrable=True, wait_for_completion=True, poke_interval=0.05)

    with DAG("flow"):
        TriggerDagRunOperator(task_id="trigger", trigger_dag_id="child", trigger_run_id="one",
                              logical_date="{{{{ ts }}}}", **WAIT)
        TriggerDagRunOperator(task_id="failing", trigger_dag_id="broken", **WAIT)
        WaitSensor(task_id="moment", time_to_wait=timedelta(seconds=0.2), deferrable=True)
        WaitSensor(task_id="too_long", time_to_wait=100, deferrable=True, timeout=0.2, soft_fail=True)
        FileSensor(task_id="file", filepath=HOLD + ".there", deferrable=True, poke_interval=0.05)
        ExternalTaskSensor(task_id="sensor", external_dag_id="child", external_task_id="work", deferrable=True,
                           poll_interval=0.05)
"""


@on_sqlite
def test_what_comes_along_waits_in_a_triggerer(house: Any, start_triggerer: Any) -> None:
    hold = pipe(house, "hold")
    broken = pipe(house, "hold.broken")
    house.deploy(BUILT_IN.format(hold=str(hold)))
    house.start_worker()
    start_triggerer(house)
    run = house.start_run()
    waiting = ["failing", "file", "sensor", "trigger"]
    done = {"moment": "success", "too_long": "skipped"}
    house.until(lambda: house.states(run) == dict.fromkeys(waiting, "deferred") | done, "all wait")
    for each in (hold, broken):
        each.write_text("")
    (house.home / "hold.there").touch()
    assert house.finish(run) == "failed"
    assert house.states(run) == dict.fromkeys(waiting, "success") | done | {"failing": "failed"}
    assert "of DAG 'broken' ended as failed." in house.tries(run, "failing")[-1].cause
