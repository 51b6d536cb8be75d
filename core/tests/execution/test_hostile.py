"""What a task can do to its worker, its parent and its neighbours: each with a good neighbour that runs meanwhile."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import psutil
import pytest

SECRET = "hunter2hunter2"

GOOD = """
    from pathlib import Path
    from tradewind import DAG, task

    with DAG("good"):
        @task
        def work(dag_run=None):
            Path(dag_run.conf["here"]).write_text("running")
            return Path(dag_run.conf["gate"]).read_text()
        work()
"""

HOSTILE = """
import ctypes, fcntl, multiprocessing, os, resource, signal, socket, subprocess, sys, threading, time
from tradewind import DAG, Connection, task
from tradewind.exceptions import *

class Broken:
    def __repr__(self):
        raise RuntimeError("no repr")
    __str__ = __bool__ = __len__ = __repr__

class BrokenError(Exception):
    def __str__(self):
        raise SystemExit("not even this")
    __repr__ = __str__
    def __reduce__(self):
        raise RuntimeError("no pickle")

class Odd(BaseException):
    pass

def channel():
    for number in range(3, 200):
        try:
            if socket.socket(fileno=os.dup(number)).family == socket.AF_UNIX:
                return number
        except OSError:
            continue

with DAG("flow"):
    @task({options})
    def work(ti=None):
        secret = Connection.get("bank").password
        print("it is", secret)
{body}
    work()
"""


@dataclass(frozen=True)
class Case:
    """What a task does, and what must be recorded: its state, words of the cause, words of the log."""

    body: str
    cause: str | None
    state: str = "failed"
    log: str = "it is ***"
    options: str = ""
    last_line: bool = False


DEATHS = {
    "os._exit": Case("os._exit(3)", "ended by itself with exit code 3 and reported no outcome", last_line=True),
    "kill -9 of itself": Case("os.kill(os.getpid(), 9)", "killed by SIGKILL (signal 9), not sent by", last_line=True),
    "kill -9 of its group": Case("os.killpg(0, 9)", "killed by SIGKILL (signal 9), not sent by", last_line=True),
    "kill -9 of its parent": Case("os.kill(os.getppid(), 9)", None, state="success"),
    "a crash of C code": Case("ctypes.string_at(0)", "the process was killed by SIGSEGV (signal 11)"),
    "abort without a newline": Case(
        "os.write(2, b'assertion ' + secret.encode()); os.abort()", "line was: assertion ***"
    ),
}
DESCRIPTORS = {
    "closed descriptors": Case("os.closerange(3, 1000)", "its code closed descriptors that it did not open"),
    "all descriptors closed": Case("os.closerange(0, 1000)", "its code closed descriptors that it did not open"),
    "a closed channel whose number is reused": Case(
        "number = channel(); os.close(number); left, right = socket.socketpair(); os.dup2(left.fileno(), number)\n"
        "os.set_blocking(right.fileno(), False); print('number', number)\n"
        "try: Connection.get('bank')\n"
        "finally: assert right.recv(10) == b'', 'a message went to a socket of the user'",
        "its code closed descriptors that it did not open",
    ),
    "closed streams": Case("sys.stdout.close(); sys.stderr.close()", None, state="success", log="Ended as success"),
    "no streams": Case(
        "sys.stdout = sys.stderr = None; raise ValueError(secret)", "ValueError: ***", log="ValueError: ***"
    ),
    "logging taken away": Case(
        "import logging; logging.disable(99); logging.root.handlers.clear(); raise ValueError('seen')",
        "ValueError: seen",
        log="raise ValueError('seen')",
    ),
    "garbage in the channel": Case(
        "os.write(channel(), b'garbage ' + secret.encode()); threading.Event().wait(60)",
        "something that is no message of Tradewind",
    ),
    "garbage that is JSON": Case(
        "text = b'[' * 100_000; os.write(channel(), len(text).to_bytes(4, 'big') + text); threading.Event().wait(60)",
        "something that is no message of Tradewind",
    ),
    "a false greeting": Case(
        "text = b'[\"Hello\",1]'; os.write(channel(), len(text).to_bytes(4, 'big') + text); threading.Event().wait(60)",
        "something that is no message of Tradewind",
    ),
    "a false end": Case(
        'text = b\'["Ended","success",1,2,true,null,[],false,[[1,[],3]]]\'\n'
        "os.write(channel(), len(text).to_bytes(4, 'big') + text); threading.Event().wait(60)",
        "something that is no message of Tradewind",
    ),
}
SIGNALS = {
    "SIGTERM and SIGALRM ignored": Case(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGALRM, lambda *_: None)\n"
        "while True: threading.Event().wait(60)",
        "it ran longer than its execution_timeout of 0.2 s; the process was ended by SIGKILL",
        options="execution_timeout=0.2",
    ),
    "every exception swallowed": Case(
        "while True:\n    try: threading.Event().wait(60)\n    except BaseException: pass",
        "it ran longer than its execution_timeout of 0.2 s; the process was ended by SIGKILL",
        options="execution_timeout=0.2",
    ),
    "stopped": Case(
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "it ran longer than its execution_timeout of 0.2 s; the process was ended by SIGKILL",
        options="execution_timeout=0.2",
    ),
    "SIGCHLD ignored": Case(
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); subprocess.run(['true'])", None, state="success"
    ),
}
EXCEPTIONS = {
    "an exception that cannot be printed or pickled": Case(
        "raise BrokenError(secret)", "BrokenError: <no text, as making it raises SystemExit>", log="BrokenError"
    ),
    "an exception of its own base": Case("raise Odd(secret)", "Odd: ***", log="Odd: ***"),
    "a skip that cannot be printed": Case(
        "class Skip(TradewindSkipException, BrokenError): pass\nraise Skip()",
        "<no text",
        state="skipped",
        log="Skipped: <no",
    ),
    "a code that cannot be judged": Case("sys.exit(Broken())", "SystemExit", log="no repr"),
    "a reschedule to no date": Case(
        "error = TradewindRescheduleException(ti.start_date); error.reschedule_date = 'soon'; raise error",
        "what it means cannot be told",
    ),
    "characters that no database takes": Case("raise ValueError('a\\0b\\ud800c\\x1b[31m')", "ValueError: a�b?c�[31m"),
    "a secret where a cause is cut": Case("raise ValueError('x' * 980 + secret)", "x***"),
    "a secret over two lines": Case(
        "raise ValueError('-'.join([secret, secret.upper()]) + '\\n' + secret)", "***-HUNTER"
    ),
    "an exception of 5 MiB": Case(
        "raise ValueError('x' * (5 << 20))", "ValueError: xxx", log="bytes were dropped here"
    ),
    "a circle of causes": Case(
        "first, second = ValueError('first'), ValueError('second')\n"
        "first.__cause__, second.__cause__ = second, first\nraise first",
        "ValueError: first",
        log="direct cause",
    ),
    "no end of recursion": Case("def f(): return f()\nf()", "RecursionError: maximum recursion", log="RecursionError"),
}
RESULTS = {
    "a result with a broken repr": Case("return Broken()", "SerializationError: what task 'work' pushed", log="Broken"),
    "a key with a broken repr": Case("return {Broken(): 1}", "the value has a key of type", log="Broken"),
    "a lock as result": Case(
        "return {'rows': [threading.Lock()]}",
        "what task 'work' pushed as 'return_value' cannot be stored as XCom: the value['rows'][0] is of type _thread.lock. "
        "Return JSON values",
        log="_thread.lock",
    ),
    "too much memory": Case(
        "data = bytearray(1 << 30)", "MemoryError: there was not as much memory as", log="MemoryError"
    ),
    "a fork that comes back": Case("os.fork(); return 7", None, state="success", log="Ended as success"),
    "a fork that asks": Case(
        "pid = os.fork()\n"
        "if not pid:\n"
        "    try: Connection.get('bank')\n"
        "    except TradewindException as error: print(error)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)",
        None,
        state="success",
        log="a process that a task forks cannot ask Tradewind for connections",
    ),
}
CASES = {**DEATHS, **DESCRIPTORS, **SIGNALS, **EXCEPTIONS, **RESULTS}


@pytest.fixture(scope="module")
def arena(make_house: Any, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A house with one worker of two slots: a hostile task and its neighbour fill it, so that a lost slot is seen."""
    folder = tmp_path_factory.mktemp("arena")
    shutil.copyfile(sqlite_template, folder / "tradewind.db")
    for house in make_house(f"sqlite:///{folder}/tradewind.db", folder):
        house.environ["TRADEWIND_CONN_BANK"] = f"http://me:{SECRET}@host/"
        house.environ["MALLOC_ARENA_MAX"] = "1"
        house.deploy(GOOD, "good.py")
        house.start_worker(executor__slots=2, logs__max_size=1, execution__kill_delay=0.3, execution__task_memory=512)
        for name in ("here", "gate"):
            os.mkfifo(house.home / name)
        yield house


def beside_a_neighbour(house: Any, act: Callable[[], int]) -> int:
    """Run `act` while a good task runs on the same worker; see it end well; return what `act` does."""
    here, gate = house.home / "here", house.home / "gate"
    good = house.start_run("good", conf={"here": str(here), "gate": str(gate)})
    assert here.read_text() == "running"
    result = act()
    gate.write_text("done well")
    assert house.finish(good) == "success"
    assert house.xcoms(good) == {("work", "return_value"): "done well"}
    return result


def run_hostile(house: Any, case: Case) -> int:
    house.deploy(HOSTILE.format(options=case.options, body=indent(case.body, " " * 8)))
    return beside_a_neighbour(house, lambda: house.run_dag()[0])


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_task_ends_with_its_cause_and_harms_nobody(arena: Any, name: str) -> None:
    case = CASES[name]
    run = run_hostile(arena, case)
    (ended,) = arena.tries(run)
    log = arena.log(run)
    assert ended.state == case.state, ended.cause
    if case.cause is None:
        assert ended.cause is None
    else:
        assert case.cause in ended.cause
        assert len(ended.cause) <= 1000
        assert ended.cause.isprintable()
    if case.last_line:
        assert ended.cause.endswith("INFO - it is *** [task-killed]")
    assert case.log in log
    assert f"Ended as {case.state}" in log
    assert SECRET not in log + str(ended.cause)
    assert SECRET not in (arena.home / "w1.out").read_text()


def test_a_gibibyte_of_log_is_cut_and_its_last_lines_are_kept(arena: Any) -> None:
    body = """
os.write(1, b"the first line\\n")
block = (secret.encode() + b" and more\\n") * 3000
for _ in range((1 << 30) // len(block)): os.write(1, block)
os.write(1, b"the last line with " + secret.encode() + b"\\n")
raise ValueError("too much")
"""
    run = run_hostile(arena, Case(body, ""))
    log = arena.log(run)
    assert len(log) < (1 << 20) + 200_000
    assert "the first line" in log
    assert "of this try reached 1048576 bytes" in log
    assert "bytes were dropped here ([logs] max_size); these are the last lines:\n*** and more" in log
    assert "the last line with ***\n" in log
    assert log.endswith("ERROR - Ended as failed: ValueError: too much\n")
    assert SECRET not in log


def test_a_child_that_outlives_its_task_is_ended_and_holds_up_nobody(arena: Any) -> None:
    body = """
left = subprocess.Popen(["sleep", "1000"])  # holds the log open
apart = subprocess.Popen(["sleep", "1000"], start_new_session=True)
return [left.pid, apart.pid]
"""
    run = run_hostile(arena, Case(body, None))
    left, apart = arena.xcoms(run)["work", "return_value"]
    arena.until(lambda: not psutil.pid_exists(left), "what is left in the task's group, and held its log, is ended")
    psutil.Process(apart).kill()  # it left the group on purpose, so it lives
    assert "flow.work left processes behind: they are ended" in (arena.home / "w1.out").read_text()
    assert "ERROR" not in arena.log(run)


def test_a_value_of_100_mib_goes_to_the_storage_past_the_workers_memory(arena: Any) -> None:
    body = "ti.xcom_push('mine', 'y' * (20 << 20)); return 'x' * (100 << 20)"
    source = HOSTILE.format(options="", body=indent(body, " " * 8)).replace(
        "    work()\n",
        "    @task\n    def read(text, ti=None):\n"
        "        return [len(text), len(ti.xcom_pull('work', key='mine'))]\n    read(work())\n",
    )
    worker = psutil.Process(arena.workers[0].pid)
    before = worker.memory_info().rss
    arena.deploy(source)
    run, state = arena.run_dag()
    assert state == "success", arena.log(run)
    row = {row.key: row for row in arena.xcom_rows(run) if row.task_id == "work"}["return_value"]
    assert (row.value, row.size) == (None, (100 << 20) + 2)
    assert arena.last_value(run, "read") == [100 << 20, 20 << 20]
    peak = int(
        next(line.split()[1] for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines() if "VmHWM" in line)
    )
    assert peak * 1024 - before < 40 << 20
    assert list((arena.home / "workers" / "spool").iterdir()) == []


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path], None]]:
    """Mounts a file system of 64 KiB at a folder."""
    mounted: list[Path] = []

    def mount(folder: Path) -> None:
        folder.mkdir(parents=True)
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
        )
        if made.returncode:
            told = f"no file system can be mounted here: {made.stderr.decode()}"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Take all the room that a file system has; return the file that takes it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 1024):
                continue
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  (what is wanted here)
    return path


def test_full_disks_are_told_of_and_work_goes_on_when_there_is_room(
    small_house: Any, small_disk: Callable[[Path], None]
) -> None:
    house = small_house
    logs, versions, journals = house.config.logs.folder, house.home / "versions", house.home / "workers"
    for folder in (logs, versions, journals):
        small_disk(folder)
    for name in ("here", "gate"):
        os.mkfifo(house.home / name)
    house.deploy(GOOD, "good.py")
    house.deploy(
        "from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): print('seen')\n    work()\n"
    )
    house.start_worker()

    def suffer() -> int:
        full = fill(versions)
        run, state = house.run_dag()
        assert state == "failed"
        assert f"cannot be written to {versions}: No space left on device" in house.tries(run)[0].cause
        full.unlink()
        journal = journals / f"{house.worker_id('w1')}.journal"
        full = fill(journals)
        # To the end of a page, after which the file system has no room for another; the worker may write beside us
        with contextlib.suppress(OSError), journal.open("ab", buffering=0) as file:
            while left := -journal.stat().st_size % 4096:
                file.write(b"#" * left)
        run, state = house.run_dag()
        assert state == "failed"
        assert "it was not started, as its worker's journal cannot be written" in house.tries(run)[0].cause
        full.unlink()
        full = fill(logs)
        assert house.run_dag()[1] == "success"  # without its log
        full.unlink()
        run, state = house.run_dag()
        assert state == "success"
        assert "INFO - seen" in house.log(run)
        return run

    beside_a_neighbour(house, suffer)
    told = (house.home / "w1.out").read_text()
    assert "the log store did not take" in told
    assert "No space left on device" in told
    assert not [path for path in versions.iterdir() if path.name.startswith(".draft")]
