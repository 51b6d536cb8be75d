"""Tries from claim to record, through real worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from tradewind.metadata import tables
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import variables
from tradewind.metadata.wakeups import wait
from tradewind.transitions import clear, marking

pytestmark = pytest.mark.long_module

ONE_TASK = """
    import os, signal, sys, random, time, threading
    from tradewind import DAG, task
    from tradewind.exceptions import *

    with DAG("flow"):
        @task({options})
        def work({arguments}):
{body}
        work()
"""


def one_task(body: str, *, options: str = "", arguments: str = "") -> str:
    lines = "\n".join(f"            {line}" for line in body.strip().splitlines())
    return ONE_TASK.format(options=options, arguments=arguments, body=lines)


def run_one(house: Any, body: str, **more: str) -> tuple[int, str]:
    """Deploy a DAG of one task with this body, run it, and return the run and its state."""
    house.deploy(one_task(body, **more))
    if not house.workers:
        house.start_worker()
    return house.run_dag()


def test_a_run_goes_through_its_tasks_and_their_values(house: Any) -> None:
    house.deploy(
        """
        from tradewind import DAG, task

        with DAG("flow"):
            @task
            def read():
                print("reading")
                return [1, 2, 3]

            @task
            def total(numbers):
                return {"sum": sum(numbers)}

            total(read())
        """
    )
    house.start_worker()
    run, state = house.run_dag()
    assert state == "success"
    assert house.xcoms(run) == {("read", "return_value"): [1, 2, 3], ("total", "return_value"): {"sum": 6}}
    log = house.log(run, "read")
    assert "{flow.py:7} INFO - reading\n" in log
    assert log.endswith("INFO - Ended as success\n")


def test_twenty_tasks_draw_twenty_random_numbers(house: Any) -> None:
    house.deploy(
        """
        import random
        from tradewind import DAG, task

        with DAG("flow"):
            @task
            def draw(i):
                return [random.random(), random.SystemRandom().random()]
            draw.expand(i=list(range(20)))
        """
    )
    house.start_worker()
    run, state = house.run_dag()
    assert state == "success"
    drawn = [number for pair in house.xcoms(run).values() for number in pair]
    assert len(drawn) == len(set(drawn)) == 40


def test_an_exception_is_the_cause_and_its_traceback_is_in_the_log(standing_house: Any) -> None:
    run, state = run_one(standing_house, "raise ValueError('no such day')")
    assert state == "failed"
    (ended,) = standing_house.tries(run)
    assert (ended.state, ended.cause) == ("failed", "ValueError: no such day")
    log = standing_house.log(run)
    assert "raise ValueError('no such day')" in log
    assert log.count('File "') == 1, "a traceback begins with the author's own code"
    assert "} ERROR - ValueError: no such day\nTraceback" in log


def test_a_skip_is_a_skip(standing_house: Any) -> None:
    run, state = run_one(standing_house, "raise TradewindSkipException('nothing new')")
    assert standing_house.states(run) == {"work": "skipped"}
    assert state == "success"
    assert "Skipped: nothing new" in standing_house.log(run)


def test_a_fail_exception_uses_no_retry(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "raise TradewindFailException('never')", options="retries=3")
    assert [each.state for each in standing_house.tries(run)] == ["failed"]


def test_a_retry_is_a_new_try_with_a_log_of_its_own(standing_house: Any) -> None:
    body = "print('number', ti.try_number)\nif ti.try_number == 1: raise RuntimeError('again')"
    run, state = run_one(standing_house, body, options="retries=1, retry_delay=0", arguments="ti=None")
    assert state == "success"
    assert [each.state for each in standing_house.tries(run)] == ["failed", "success"]
    assert "number 2" in standing_house.log(run)
    assert "number 1" not in standing_house.log(run)


def test_a_reschedule_is_the_same_try_again(standing_house: Any) -> None:
    body = """
import datetime
path = conf_path
print('look', ti.try_number, ti.waiting_since is not None)
if not os.path.exists(path):
    open(path, 'w').close()
    raise TradewindRescheduleException(datetime.datetime.now(datetime.timezone.utc))
"""
    mark = standing_house.home / "looked"
    run, state = run_one(standing_house, body.replace("conf_path", repr(str(mark))), arguments="ti=None")
    assert state == "success"
    assert [(each.state, each.try_number) for each in standing_house.tries(run)] == [
        ("up_for_reschedule", 1),
        ("success", 1),
    ]
    assert "look 1 True" in standing_house.log(run)


def test_a_killed_child_has_its_signal_as_the_cause(house: Any) -> None:
    run, state = run_one(house, "print('now'); os.kill(os.getpid(), signal.SIGSEGV)")
    assert state == "failed"
    (ended,) = house.tries(run)
    assert ended.exit_code == -signal.SIGSEGV
    assert ended.cause.startswith("the process was killed by SIGSEGV (signal 11). Its last line was: ")
    assert ended.cause.endswith("INFO - now [task-killed]")
    assert house.log(run).count("SIGSEGV") == 1


def test_a_kill_that_is_not_ours_is_taken_for_lack_of_memory(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "os.kill(os.getpid(), signal.SIGKILL)")
    assert "ran out of memory" in standing_house.tries(run)[0].cause


def test_an_exit_past_python_is_a_failure_with_its_code(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "os._exit(3)")
    (ended,) = standing_house.tries(run)
    assert (ended.exit_code, ended.state) == (3, "failed")
    assert "exit code 3 and reported no outcome" in ended.cause


def test_sys_exit_zero_is_a_success_and_another_code_is_not(standing_house: Any) -> None:
    run, state = run_one(standing_house, "sys.exit(0)")
    assert state == "success"
    standing_house.deploy(one_task("sys.exit('bad input')"))
    run, state = standing_house.run_dag()
    assert standing_house.tries(run)[0].cause == "SystemExit: bad input"


def test_a_timeout_ends_the_task_from_within(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "threading.Event().wait()", options="execution_timeout=0.2")
    cause = standing_house.tries(run)[0].cause
    assert cause == "TradewindTaskTimeout: task 'work' ran longer than its execution_timeout of 0.2 s [task-timeout]"


def test_a_task_that_ignores_its_timeout_and_sigterm_is_killed_from_outside(small_house: Any) -> None:
    body = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
threading.Event().wait()
"""
    small_house.deploy(one_task(body, options="execution_timeout=0.2"))
    small_house.start_worker(execution__kill_delay=0.4)
    run, state = small_house.run_dag()
    assert state == "failed"
    (ended,) = small_house.tries(run)
    assert ended.exit_code == -signal.SIGKILL
    assert ended.cause.startswith(
        "it ran longer than its execution_timeout of 0.2 s; the process was ended by SIGKILL (signal 9), sent by its worker"
    )


def test_sigterm_calls_on_kill_and_ends_the_task(small_house: Any) -> None:
    house = small_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(
        f"""
        import os, threading
        from tradewind import DAG, BaseOperator

        class Hanging(BaseOperator):
            def execute(self, context):
                with open({str(fifo)!r}, "w") as out:
                    out.write(str(os.getpid()))
                try:
                    threading.Event().wait()
                except Exception:
                    return "swallowed"

            def on_kill(self):
                print("cleaning up")

        with DAG("flow"):
            Hanging(task_id="work")
        """
    )
    worker = house.start_worker()
    run = house.start_run()
    assert int(fifo.read_text())
    worker.send_signal(signal.SIGTERM)
    # Two signals that arrive together count as one, so the second is sent until it has been heard
    house.until(lambda: worker.poll() is not None or worker.send_signal(signal.SIGTERM), "the worker ends")
    assert "cleaning up" in house.log(run)
    assert house.tries(run)[0].cause == "its worker was stopped [task-ended]"


def test_a_result_that_is_no_json_names_its_type_and_place(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "return {'rows': [1, threading.Lock()]}")
    cause = standing_house.tries(run)[0].cause
    assert "the value['rows'][1] is of type _thread.lock" in cause
    assert cause.startswith("SerializationError: what task 'work' pushed as 'return_value' cannot be stored as XCom")


def test_multiple_outputs_are_pushed_key_by_key(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "return {'a': 1, 'b': [2]}", options="multiple_outputs=True")
    assert standing_house.xcoms(run) == {
        ("work", "return_value"): {"a": 1, "b": [2]},
        ("work", "a"): 1,
        ("work", "b"): [2],
    }


def test_values_pushed_by_a_task_that_fails_are_kept(standing_house: Any) -> None:
    body = "ti.xcom_push('seen', 7)\nassert ti.xcom_pull(key='seen') == 7\nraise RuntimeError('later')"
    run, _ = run_one(standing_house, body, arguments="ti=None")
    assert standing_house.tries(run)[0].cause == "RuntimeError: later"
    assert standing_house.xcoms(run) == {("work", "seen"): 7}


def test_secrets_never_reach_the_log(small_house: Any) -> None:
    small_house.environ["TRADEWIND_CONN_BANK"] = "http://me:hunter2hunter2@host/?api_key=abcdef123"
    small_house.environ["TRADEWIND_VAR_API_TOKEN"] = "tok-" + "x" * 20
    small_house.environ["TRADEWIND_VAR_COLOUR"] = "turquoise"
    body = """
from tradewind import Connection, Variable
bank = Connection.get("bank")
print("password", bank.password, bank.extra_dejson["api_key"])
os.write(1, b"raw " + bank.password.encode() + b"\\n")
print("token", Variable.get("api_token"), "colour", Variable.get("colour"))
raise RuntimeError(f"cannot log in with {bank.password}")
"""
    run, _ = run_one(small_house, body)
    log = small_house.log(run)
    assert "password *** ***" in log
    assert "raw ***\n" in log
    assert "token *** colour turquoise" in log
    assert small_house.tries(run)[0].cause == "RuntimeError: cannot log in with ***"
    assert "hunter2" not in log


def test_what_goes_past_python_is_logged_too(standing_house: Any) -> None:
    body = "import subprocess\nsubprocess.run(['echo', 'from a subprocess'], check=True)\nsys.stderr.write('oops\\n')"
    run, _ = run_one(standing_house, body)
    log = standing_house.log(run)
    assert "\nfrom a subprocess\n" in log
    assert "{flow.py:11} WARNING - oops" in log


def test_a_log_beyond_the_limit_is_cut_with_a_notice(small_house: Any) -> None:
    small_house.deploy(one_task("for i in range(40): print('x' * 100_000)"))
    small_house.start_worker(logs__max_size=1)
    run, state = small_house.run_dag()
    assert state == "success"
    log = small_house.log(run)
    assert len(log) < 1_100_000
    assert "reached 1048576 bytes ([logs] max_size); what follows is dropped" in log
    assert "bytes were dropped here ([logs] max_size); these are the last lines:\n" + "x" * 100 in log


def test_the_metadata_database_is_not_in_a_tasks_environment(standing_house: Any) -> None:
    run, _ = run_one(standing_house, "return sorted(name for name in os.environ if 'DATABASE' in name)")
    assert standing_house.xcoms(run) == {("work", "return_value"): []}


def test_a_version_is_read_from_its_own_files_after_the_folder_changed(small_house: Any) -> None:
    files = {
        "team/flow.py": """
            import pathlib
            from tradewind import DAG, task
            from team import helper

            with DAG("flow"):
                @task
                def work():
                    from team import late
                    here = pathlib.Path(__file__).parent
                    return [helper.NAME, late.NAME, (here / "query.sql").read_text().strip(), __name__]
                work()
            """,
        "team/helper.py": "NAME = 'helper'",
        "team/late.py": "NAME = 'late'",
        "team/query.sql": "select 1",
    }
    small_house.deploy(files, "team/flow.py")
    run = small_house.start_run()
    for name in files:
        (small_house.home / "dags" / name).write_text("raise SystemExit('the live folder was read')")
    small_house.start_worker()
    assert small_house.finish(run) == "success", small_house.log(run)
    assert small_house.xcoms(run) == {("work", "return_value"): ["helper", "late", "select 1", "team.flow"]}
    (root,) = (small_house.home / "versions").iterdir()
    assert (root / "team" / "flow.py").stat().st_mode & 0o222 == 0


def test_threads_at_import_take_the_cold_path_and_are_named_once(standing_house: Any) -> None:
    house = standing_house
    house.deploy(
        """
        import os, threading
        from tradewind import DAG, task

        pid = os.getpid()
        threading.Thread(target=threading.Event().wait, daemon=True, name="pool").start()

        with DAG("flow"):
            @task
            def work(i):
                return os.getpid() == pid  # imported in the task's own process
            work.expand(i=[1, 2, 3])
        """
    )
    run, state = house.run_dag()
    assert state == "success"
    assert set(house.xcoms(run).values()) == {True}
    assert (house.home / "w1.out").read_text().count(
        "importing flow.py leaves behind what processes must not share (the thread 'python')"
    ) == 1


def test_what_an_import_asks_for_is_answered_anew_for_each_task(small_house: Any) -> None:
    """And what is secret in it is masked, in the cause as well."""
    house = small_house
    house.environ["TRADEWIND_CONN_BANK"] = "http://me:hunter2hunter2@host/"
    house.deploy(
        """
        from tradewind import DAG, Connection, Variable, task

        try:
            COLOUR = Variable.get("colour")
        except Exception:
            COLOUR = "none"
        PASSWORD = Connection.get("bank").password

        with DAG("flow"):
            @task
            def work():
                print(PASSWORD)
                return COLOUR
            work()
        """,
        unchecked=True,
    )
    house.start_worker()
    cipher = open_cipher(house.config.security.fernet_key, house.home)
    for colour in ("blue", "green"):
        with house.database.transaction() as conn:
            variables.set_variable(conn, "colour", colour, description=None, cipher=cipher)
        run, state = house.run_dag()
        assert state == "success", house.log(run)
        assert house.last_value(run) == colour
        assert "INFO - ***\n" in house.log(run)
    told = (house.home / "w1.out").read_text()
    assert told.count("(the answer to its question for variables, which may change), so no task is forked from it") == 1
    house.deploy("from tradewind import Connection\nraise ValueError(Connection.get('bank').password)", unchecked=True)
    run, _ = house.run_dag()
    assert house.tries(run)[0].cause == "flow.py could not be imported: ValueError: *** [import-failed]"
    assert "hunter2" not in house.log(run) + (house.home / "w1.out").read_text()


def test_isolation_fresh_imports_in_each_task(small_house: Any) -> None:
    small_house.deploy(
        "import os\nfrom tradewind import DAG, task\npid = os.getpid()\n"
        "with DAG('flow'):\n    @task\n    def work(): return os.getpid() == pid\n    work()\n"
    )
    small_house.start_worker(execution__isolation="fresh")
    run, state = small_house.run_dag()
    assert (state, set(small_house.xcoms(run).values())) == ("success", {True})


def test_a_task_says_itself_whether_it_is_forked_or_fresh(standing_house: Any) -> None:
    standing_house.deploy(
        """
        import os
        from tradewind import DAG, task

        pid = os.getpid()

        with DAG("flow", default_args={"isolation": "fresh"}):
            @task
            def as_the_dag_says(n):
                return os.getpid() == pid
            as_the_dag_says.expand(n=[1, 2])

            @task(isolation="fork")
            def as_it_says():
                return os.getpid() == pid
            as_it_says()
        """
    )
    run, state = standing_house.run_dag()
    assert state == "success"
    assert standing_house.xcoms(run) == {
        ("as_the_dag_says[0]", "return_value"): True,
        ("as_the_dag_says[1]", "return_value"): True,
        ("as_it_says", "return_value"): False,
    }


def test_an_import_that_fails_for_good_fails_the_tries_with_its_sentence(standing_house: Any) -> None:
    standing_house.deploy("import a_module_that_is_not_there", unchecked=True)
    run, state = standing_house.run_dag()
    assert state == "failed"
    (ended,) = standing_house.tries(run)
    assert ended.cause == (
        "flow.py could not be imported: ModuleNotFoundError: No module named 'a_module_that_is_not_there' [import-failed]"
    )
    assert ended.cause in standing_house.log(run)


def test_an_import_that_fails_once_is_no_failure_of_the_task(standing_house: Any) -> None:
    mark = standing_house.home / "seen"
    source = f"""
        import os
        from tradewind import DAG, task
        if not os.path.exists({str(mark)!r}):
            open({str(mark)!r}, "w").close()
            os._exit(9)
        with DAG("flow"):
            @task
            def work(): ...
            work()
        """
    standing_house.deploy(source, unchecked=True)
    run, state = standing_house.run_dag()
    assert state == "success"
    assert [each.state for each in standing_house.tries(run)] == ["success"]


def test_a_task_that_the_import_does_not_produce_fails_with_that_sentence(standing_house: Any) -> None:
    standing_house.deploy("from tradewind import DAG\nwith DAG('other'): pass", unchecked=True)
    run, _ = standing_house.run_dag()
    assert "does not define task flow.work when it is imported here" in standing_house.tries(run)[0].cause


def test_a_raised_token_kills_the_task(house: Any) -> None:
    reached, writing = os.pipe()
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    os.close(writing)
    house.deploy(one_task(f"open({str(fifo)!r}, 'w').close()\nthreading.Event().wait()"))
    house.start_worker(leases__renew_every=0.2)
    run = house.start_run()
    with fifo.open() as opened:  # returns when the task has opened it too
        opened.read()
    os.close(reached)
    instance = house.instances(run)["work"]
    t = tables.task_instance
    house.database.write(
        lambda conn: conn.execute(t.update().where(t.c.id == instance.id).values(token=instance.token + 1))
    )
    house.until(lambda: "Ended as failed" in house.log(run), "the overtaken task ends")
    assert "The worker ends this task: a newer dispatch of this task exists" in house.log(run)
    assert house.states(run) == {"work": "running"}


def test_a_task_that_is_marked_by_hand_is_stopped_and_its_neighbour_goes_on(small_house: Any) -> None:
    house = small_house
    fifos = {name: house.home / name for name in ("work", "beside")}
    for fifo in fifos.values():
        os.mkfifo(fifo)
    lines = [f"@task\n    def {name}():\n        open({str(fifo)!r}, 'w').close()" for name, fifo in fifos.items()]
    rest = ("\n        threading.Event().wait()", f"\n        return open({str(fifos['beside'])!r}).read()")
    tasks = "\n    ".join(line + end for line, end in zip(lines, rest, strict=True))
    house.deploy(
        f"import threading\nfrom tradewind import DAG, task\nwith DAG('flow'):\n    {tasks}\n    work()\n    beside()"
    )
    house.start_worker(leases__renew_every=0.2)
    run = house.start_run()
    for fifo in fifos.values():
        fifo.read_text()  # returns when the task has opened it too
    house.database.write(
        lambda conn: marking.mark_tasks(
            conn, run, ["work"], "success", graphs=house.graphs, clock=house.clock, ids=house.ids
        )
    )
    house.until(lambda: "Ended as failed" in house.log(run), "the marked task ends")
    assert "or its state was set by hand" in house.log(run)
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    again = house.until(
        lambda: house.database.write(lambda conn: clear.clear(conn, run, ["work"], **tools)).cleared,
        "its worker tells that it is gone, so that it may run again",
    )
    assert again == (house.instances(run)["work"].id,)
    house.database.write(lambda conn: marking.mark_tasks(conn, run, ["work"], "success", **tools))
    fifos["beside"].write_text("on")
    house.until(lambda: house.states(run) == {"work": "success", "beside": "success"}, "the neighbour ends")
    assert house.xcoms(run) == {("beside", "return_value"): "on"}


def test_a_stopped_worker_finishes_what_runs_and_takes_nothing_new(small_house: Any) -> None:
    house = small_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(one_task(f"open({str(fifo)!r}, 'w').write('here')\nreturn open({str(fifo)!r}).read()"))
    worker = house.start_worker()
    run = house.start_run()
    assert fifo.read_text() == "here"
    worker.send_signal(signal.SIGTERM)
    second = house.start_run()
    Path(fifo).write_text("go on")
    assert worker.wait(30) == 0
    assert house.xcoms(run) == {("work", "return_value"): "go on"}
    assert house.states(second) == {"work": "queued"} or house.states(second) == {"work": "scheduled"}
    with house.database.read() as conn:
        row = conn.execute(tables.daemon.select()).one()
    assert row.end_cause == "stopped"


def test_a_worker_that_was_declared_dead_kills_its_tasks_and_stops(small_house: Any) -> None:
    house = small_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(one_task(f"open({str(fifo)!r}, 'w').write(str(os.getpid()))\nthreading.Event().wait()"))
    worker = house.start_worker(leases__renew_every=0.2)
    house.start_run()
    pid = int(fifo.read_text())
    descriptor = os.pidfd_open(pid)
    house.database.write(
        lambda conn: conn.execute(tables.daemon.update().values(ended_at=house.clock.now(), end_cause="test"))
    )
    assert worker.wait(30) == 4
    os.close(descriptor)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_a_killed_parent_leaves_running_tasks_alone(standing_house: Any) -> None:
    house = standing_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    body = f"open({str(fifo)!r}, 'w').write(str(os.getppid()))\nreturn open({str(fifo)!r}).read()"
    house.deploy(one_task(body))
    run = house.start_run()
    os.kill(int(fifo.read_text()), signal.SIGKILL)
    second = house.start_run()
    fifo.write_text("survived")
    assert fifo.read_text()
    fifo.write_text("second")
    assert house.finish(run) == "success"
    assert house.finish(second) == "success"
    values = {house.xcoms(each)["work", "return_value"] for each in (run, second)}
    assert values == {"survived", "second"}


def test_a_killed_zygote_is_replaced(small_house: Any) -> None:
    house = small_house
    house.deploy(one_task("return open('/proc/%d/stat' % os.getppid()).read().rsplit(')')[1].split()[1]"))
    house.start_worker()
    run, _ = house.run_dag()
    zygote = int(house.xcoms(run)["work", "return_value"])
    os.kill(zygote, signal.SIGKILL)
    house.deploy(one_task("return 'a new version'"))
    second, state = house.run_dag()
    assert (state, house.xcoms(second)) == ("success", {("work", "return_value"): "a new version"})


@pytest.mark.parametrize(("setting", "seen"), [("true", {"running", "success"}), ("false", {"scheduled"})])
def test_fast_follow_is_a_setting(small_house: Any, setting: str, seen: set[str]) -> None:
    small_house.deploy(
        """
        from tradewind import DAG, task

        with DAG("flow"):
            @task
            def first(): ...

            @task
            def second(): ...

            first() >> second()
        """
    )
    small_house.start_worker(scheduler__fast_follow=setting)
    run = small_house.start_run()
    small_house.admit()
    deadline = time.monotonic() + 20
    while (states := small_house.states(run))["first"] != "success" and time.monotonic() < deadline:
        wait(small_house.wakeups, 0.05)  # without admitting anything
    # One transaction wrote both: whoever sees the end of the first sees what it made of the second
    assert states["first"] == "success"
    assert states["second"] in seen
    assert small_house.finish(run) == "success"
