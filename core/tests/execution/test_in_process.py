"""Runs inside one process: what `dags test` does."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tradewind import DAG, BaseOperator, Connection, Param, task
from tradewind.config import load
from tradewind.exceptions import ParamValidationError, TradewindFailException, TradewindSkipException
from tradewind.execution.in_process import InProcessRun, run_in_process
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import BranchPythonOperator
from tradewind_plugins.host import current
from tradewind_plugins.triggers import BaseTrigger, TaskSkippedEvent, TriggerEvent

Run = Callable[..., InProcessRun]


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def run(tmp_path: Path, out: io.StringIO) -> Run:
    config = load(tmp_path, {"TRADEWIND_HOME": str(tmp_path)}).config
    return lambda dag, **options: run_in_process(dag, config=config, out=out, **options)


def states(ended: InProcessRun) -> dict[str, str]:
    return {each.task_id: each.state for each in ended.tasks}


def test_values_mapping_and_branches_go_as_everywhere(run: Run) -> None:
    seen: list[Any] = []
    with DAG("d") as dag:

        @task
        def numbers() -> list[int]:
            return [1, 2, 3]

        @task
        def double(x: int) -> int:
            return 2 * x

        @task
        def collect(values: list[int]) -> str:
            seen.append(sorted(values))
            seen.append(os.getpid())
            return "left"

        @task
        def left() -> None: ...

        @task
        def right() -> None: ...

        choice = BranchPythonOperator(task_id="choice", python_callable=lambda: "left")
        collect(double.expand(x=numbers())) >> choice >> [left(), right()]
    ended = run(dag)
    assert seen == [[2, 4, 6], os.getpid()]
    assert ended.state == "success"
    assert states(ended) == {
        "numbers": "success",
        "double": "success",
        "collect": "success",
        "choice": "success",
        "left": "success",
        "right": "skipped",
    }


def test_empty_tasks_that_depend_on_the_past_go_on_one_after_another(run: Run) -> None:
    with DAG("d", default_args={"depends_on_past": True}) as dag:
        first, second, third = (EmptyOperator(task_id=each) for each in ("first", "second", "third"))
        first >> second >> third
    assert states(run(dag)) == dict.fromkeys(("first", "second", "third"), "success")


def test_a_failure_says_why_and_prints_the_traceback(run: Run, out: io.StringIO) -> None:
    with DAG("d") as dag:

        @task
        def broken() -> None:
            raise ValueError("no such day")

        @task
        def after() -> None: ...

        broken() >> after()
    ended = run(dag)
    assert ended.state == "failed"
    assert [(each.task_id, each.state, each.cause) for each in ended.tasks] == [
        ("broken", "failed", "ValueError: no such day"),
        ("after", "upstream_failed", None),
    ]
    assert 'raise ValueError("no such day")' in out.getvalue()


def test_functions_around_a_task_are_called_with_its_context_and_its_result(run: Run) -> None:
    seen: list[Any] = []
    with DAG("d") as dag:

        @task(
            pre_execute=lambda context: seen.append(context["ti"].task_id),
            post_execute=lambda context, result: seen.append((context["ds"], result)),
        )
        def answer() -> int:
            seen.append("here")
            return 42

        answer()
    assert run(dag, logical_date=datetime(2026, 1, 2, tzinfo=timezone.utc)).state == "success"
    assert seen == ["answer", "here", ("2026-01-02", 42)]


def test_a_function_before_a_task_can_skip_it_and_one_that_fails_fails_it(run: Run) -> None:
    def skip(_context: Any) -> None:
        raise TradewindSkipException("not today")

    def fail(_context: Any, _result: Any) -> None:
        raise ValueError("too much")

    with DAG("d") as dag:
        task(pre_execute=skip)(lambda: 1 / 0).override(task_id="skipped")()
        task(post_execute=fail)(lambda: 1).override(task_id="failed")()
    ended = run(dag)
    assert states(ended) == {"skipped": "skipped", "failed": "failed"}
    assert {each.task_id: each.cause for each in ended.tasks}["failed"] == "ValueError: too much"


def test_retries_do_not_wait(run: Run) -> None:
    tries: list[int] = []
    with DAG("d") as dag:

        @task(retries=2, retry_delay=timedelta(hours=1))
        def flaky(ti: Any = None) -> None:
            tries.append(ti.try_number)
            if len(tries) < 3:
                raise RuntimeError("again")

        flaky()
    assert run(dag).state == "success"
    assert tries == [1, 2, 3]


def test_a_failure_without_retry_ends_at_once(run: Run) -> None:
    with DAG("d") as dag:

        @task(retries=5)
        def hopeless() -> None:
            raise TradewindFailException("never")

        hopeless()
    assert states(run(dag)) == {"hopeless": "failed"}


def test_conf_and_logical_date_reach_the_templates(run: Run) -> None:
    seen: list[Any] = []
    with DAG("d", params={"size": 3}) as dag:

        @task
        def look(day: str, ds: str = "", params: Any = None) -> None:
            seen.append((day, ds, params["size"]))

        look("{{ ds }}")
    run(dag, logical_date=datetime(2026, 3, 4, tzinfo=timezone.utc), conf={"size": 5})
    assert seen == [("2026-03-04", "2026-03-04", 5)]


def test_conf_is_checked_before_anything_runs(run: Run) -> None:
    with DAG("d", params={"size": 3}) as dag:

        @task
        def look() -> None: ...

        look()

    dag.params["size"] = Param(3, type="integer")
    with pytest.raises(ParamValidationError, match="size"):
        run(dag, conf={"size": "many"})


def test_secrets_are_masked_in_what_is_logged(run: Run, out: io.StringIO) -> None:
    with DAG("d") as dag:

        @task
        def tell() -> None:
            current().mask("hunter2hunter2")
            current().log(20, "the password is hunter2hunter2")

        tell()
    run(dag)
    assert "the password is ***" in out.getvalue()
    assert "hunter2" not in out.getvalue()


def test_ctrl_c_ends_the_run(run: Run) -> None:
    with DAG("d") as dag:

        @task
        def interrupted() -> None:
            raise KeyboardInterrupt

        interrupted()
    with pytest.raises(KeyboardInterrupt):
        run(dag)


def test_its_own_overhead_is_below_a_second(run: Run) -> None:
    with DAG("d") as dag:

        @task
        def nothing() -> None: ...

        for _ in range(5):
            nothing()
    begun = time.process_time()
    assert run(dag).state == "success"
    assert time.process_time() - begun < 1.0


def test_secrets_are_masked_in_what_is_printed_and_in_causes(
    run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRADEWIND_CONN_BANK", "http://me:hunter2hunter2@host/")
    with DAG("d") as dag:

        @task
        def leak() -> None:
            password = Connection.get("bank").password
            print("printed", password, end="")
            print("complained", password, file=sys.stderr)
            raise ValueError(f"no entry with {password}")

        leak()
    (ended,) = run(dag).tasks
    printed = capfd.readouterr()
    assert printed.out == "printed ***"
    assert "complained ***\n" in printed.err
    assert ended.cause == "ValueError: no entry with ***"


class Soon(BaseTrigger):
    """Fires at once, never, or with an error."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.Soon", {"how": self.how}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        if self.how == "never":
            await asyncio.Event().wait()
        if self.how == "broken":
            raise ValueError("broken on purpose")
        yield TaskSkippedEvent() if self.how == "skip" else TriggerEvent(self.how)


class Deferring(BaseOperator):
    """Waits for a `Soon`, twice."""

    def __init__(self, *, how: str, timeout: float | None = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.how = how
        self.timeout = timeout

    def execute(self, context: Any) -> None:
        limit = None if self.timeout is None else timedelta(seconds=self.timeout)
        self.defer(trigger=Soon(self.how), method_name="once", timeout=limit)

    def once(self, context: Any, event: str) -> None:
        self.defer(trigger=Soon(f"{event} again"), method_name="twice", kwargs={"first": event})

    def twice(self, context: Any, event: str, first: str) -> list[str]:
        return [first, event]


def test_what_a_task_waits_for_is_run_beside_it(run: Run) -> None:
    with DAG("d") as dag:
        Deferring(task_id="good", how="good")
        Deferring(task_id="broken", how="broken")
        Deferring(task_id="late", how="never", timeout=0.05)
        Deferring(task_id="skip", how="skip")
    ended = run(dag)
    assert states(ended) == {"good": "success", "broken": "failed", "late": "failed", "skip": "skipped"}
    assert [each.value for each in ended.pushed] == [["good", "good again"]]
    causes = {each.task_id: each.cause for each in ended.tasks}
    assert "TaskDeferralError: The trigger of task 'broken' failed" in str(causes["broken"])
    assert "ValueError: broken on purpose" in str(causes["broken"])
    assert "TaskDeferralTimeout" in str(causes["late"])
