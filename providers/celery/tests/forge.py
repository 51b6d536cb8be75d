"""A process that forks Celery workers: each line on standard input says what it is to do, as JSON; each answer is a line."""

from __future__ import annotations

import json
import os
import signal
import sys

import kombu.transport.pyamqp
import kombu.transport.redis  # noqa: F401
from tradewind_celery.worker import COMMAND, WorkerOptions, run_worker
from tradewind_plugins.contracts.executor import ExecutorSetup


def start(words):
    """Fork a worker and return its pid."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        running.add(child)
        return {"pid": child}
    code = 70
    try:
        os.setsid()
        log = os.open(words["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(log, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        wanted = {name: tuple(value) if isinstance(value, list) else value for name, value in words["wanted"].items()}
        setup = ExecutorSetup(**words["setup"])
        code = run_worker(setup, WorkerOptions(**wanted), command=words["command"] or COMMAND)
    finally:
        os._exit(code)


def poll(words):
    """Return the exit code of a worker; None while it runs."""
    pid, status = os.waitpid(words["pid"], os.WNOHANG)
    running.discard(pid)
    return {"code": os.waitstatus_to_exitcode(status) if pid else None}


running: set[int] = set()
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"start": start, "poll": poll}[asked["do"]](asked)), flush=True)
for left in running:  # whoever asked for them is gone
    os.kill(left, signal.SIGKILL)
