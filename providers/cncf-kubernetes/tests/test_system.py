"""A whole Tradewind whose tasks run in pods: scheduler, dispatcher, API server, kubelet, and `tradewind tasks run-try` in it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from kube_emulator.kubelet import Kubelet
from kube_emulator.store import selector

pytest.importorskip("tradewind", reason="what runs a DAG is not installed where a provider is tested alone")
pytestmark = [pytest.mark.backed_by("emulator", "an API server and a kubelet of our own"), pytest.mark.long]

PATIENCE = 60.0
DAG_FILE = """
import os, pathlib, threading
from tradewind import DAG, task

FOLDER = pathlib.Path({folder!r})
SIZE = {{"pod_override": {{"spec": {{"containers": [{{"name": "base", "env": [{{"name": "SIZE", "value": "large"}}]}}]}}}}}}

def wait(name, ti):
    with open(FOLDER / name, "a") as told:
        told.write(f"{{ti.try_number}} {{os.environ['TRADEWIND_KIT_POD']}} {{os.environ.get('SIZE', '')}}\\n")
    while not (FOLDER / f"{{name}}.go").exists():
        threading.Event().wait(0.02)

with DAG("pods", schedule=None, default_args={{"executor": "KubernetesExecutor", "retries": 1, "retry_delay": 0}}):
    @task(executor_config=SIZE)
    def steady(ti=None):
        wait("steady", ti)
        return 7

    @task
    def evicted(number, ti=None):
        if ti.try_number == 1:
            wait("evicted", ti)
        print("the number is", number)

    @task(executor_config={{"pod_override": {{"spec": {{"imagee": "x"}}}}}})
    def impossible(): ...

    evicted(steady())
    impossible()
"""


class House:
    """An installation, and its processes."""

    def __init__(self, folder, options):
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND")}
        # A dispatcher that was killed has its lease for as long: the next one waits for that
        leases = {"TRADEWIND__LEASES__DURATION": "2", "TRADEWIND__LEASES__RENEW_EVERY": "0.5"}
        self.image = {**kept, **leases, "TRADEWIND_HOME": str(folder)}
        # What the dispatcher knows and pods do not
        self.environ = {**self.image, "TRADEWIND__EXECUTOR__OPTIONS": json.dumps({"KubernetesExecutor": options})}
        self.daemons = []

    def run(self, *words):
        command = [sys.executable, "-m", "tradewind", *words]
        ended = subprocess.run(command, check=False, env=self.environ, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start(self, *words):
        with (self.folder / f"{words[0]}.log").open("a") as log:
            command = [sys.executable, "-m", "tradewind", *words]
            process = subprocess.Popen(command, env=self.environ, stdout=log, stderr=log, cwd=self.folder)
        self.daemons.append(process)
        return process

    def stop(self):
        for each in self.daemons:
            each.terminate()
        for each in self.daemons:
            each.wait(60)

    def told(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def until(self, condition, what):
        limit = time.monotonic() + PATIENCE
        while not (found := condition()):
            logs = "".join(each.read_text()[-3000:] for each in self.folder.glob("*.log"))
            assert time.monotonic() < limit, f"waited in vain: {what}\n{logs}"
            threading.Event().wait(0.05)
        return found


@pytest.fixture
def house(kube_config, tmp_path):
    """An installation whose scheduler and dispatcher run."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "pods.py").write_text(DAG_FILE.format(folder=str(tmp_path)))
    house = House(tmp_path, {"kube_config": kube_config, "image": "shop/tasks:1", "installation": "shop"})
    house.run("db", "migrate")
    house.run("dag-processor", "--once")
    house.start("scheduler", "--no-worker")
    yield house
    house.stop()


@pytest.fixture
def kubelet(api, house):
    """A kubelet whose image has Tradewind."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with Kubelet(api.store, {**house.image, "PATH": programs}) as kubelet:
        yield kubelet


def test_pods_outlive_the_dispatcher_and_what_is_evicted_is_tried_again(api, house, kubelet):
    dispatcher = house.start("worker", "--executor", "KubernetesExecutor")
    house.run("dags", "trigger", "pods", "--unpause", "--run-id", "r")
    house.until(lambda: house.told("steady"), "the first task runs")

    dispatcher.kill()
    dispatcher.wait()
    assert len(api.store.list("jobs", selector())[0]) == 1, "its pod goes on"
    house.start("worker", "--executor", "KubernetesExecutor")
    (house.folder / "steady.go").touch()

    (line,) = house.until(lambda: house.told("evicted"), "the second task runs")
    pod = next(each for each in api.store.list("jobs", selector())[0] if each["metadata"]["uid"] == line.split()[1])
    began = time.monotonic()
    kubelet.evict(pod)
    (_, cause), _ = house.until(lambda: len(found := tries(house, "evicted")) == 2 and found, "the second try ends")
    assert time.monotonic() - began < 60, "long before the isolation grace"
    assert "Evicted: The node was low on resource: memory." in cause

    assert [each.split()[::2] for each in house.told("steady")] == [["1", "large"]], "adopted, and not run again"
    assert [tried for tried, _ in tries(house, "steady") + tries(house, "evicted")] == ["success", "lost", "success"]
    assert "the number is 7" in house.run("tasks", "logs", "pods", "evicted", "r")
    ((failed, cause),) = tries(house, "impossible")
    assert failed == "failed"
    assert "KubernetesExecutor refused it: pod_override.spec.imagee is no field of V1PodSpec" in cause
    house.until(
        lambda: [each["status"]["phase"] for each in api.store.list("jobs", selector())[0]] == ["Failed"], "tidy"
    )


def tries(house, task):
    """Return how each ended try of a task ended, and why."""
    query = "SELECT state, cause FROM task_try WHERE instance = (SELECT id FROM task_instance WHERE task_id = ?) ORDER BY token"
    with contextlib.closing(sqlite3.connect(house.folder / "tradewind.db")) as database:
        return database.execute(query, [task]).fetchall()
