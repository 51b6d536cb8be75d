"""Every hook has its manual, an example there that runs, and a test of an effect outside of the hook."""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tradewind import task
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.cli import main
from tradewind.config import load
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.shelf import Shelf
from tradewind.metrics.catalogue import QUARANTINED
from tradewind.metrics.recording import count
from tradewind.metrics.reporting import start_reporting
from tradewind.plugins.behaviour import (
    IMPORT_HOOKS,
    LISTENER_HOOKS,
    POLICY_HOOKS,
    STATE_HOOKS,
    listeners,
    state_listeners,
)
from tradewind.plugins.calls import SPEC_MODULES
from tradewind.plugins.codecs import codec
from tradewind.plugins.current import registry, use_registry
from tradewind.plugins.kinds import KINDS
from tradewind.plugins.named_xcoms import XComStorages
from tradewind.plugins.secrets import secrets_chain
from tradewind.plugins.xcoms import open_xcom_storage
from tradewind.timetables import DataInterval, TimeRestriction, from_spec
from tradewind.transitions.values import XComValue
from tradewind_plugins.connection import Connection
from tradewind_plugins.events import DagRunEnded, TaskInstanceEnded, TaskTry
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import Host, bind
from tradewind_plugins.triggers import TriggerEvent

MANUAL = Path(__file__).parents[3] / "docs" / "reference" / "hooks.md"
SPECS = {name: getattr(module, name) for module in SPEC_MODULES for name in module.__all__}
FIELDS = {"Caller", "Moment", "Returns", "Exception", "versionadded"}
ENDED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TRY = TaskTry(task=None, dag_id="d", run_id="r", task_id="t", try_number=1)


def section(hook):
    """The part of the manual below a hook's heading, up to the next one."""
    found = re.search(rf"^### `{hook}`\n(.*?)(?=^##|\Z)", MANUAL.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"{hook} has no heading in {MANUAL.name}"
    return found.group(1)


def documented(spec):
    body = inspect.getdoc(spec).partition("\n\n")[2]
    found = re.findall(r"^(\w+): (.*?)(?=^\w+: |\Z)", body, re.DOTALL | re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


@pytest.fixture
def example(request, site, monkeypatch, tmp_path):
    """Install the modules of a hook's example as a distribution and open the registry anew."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section(request.param), re.DOTALL)
    for name, source in blocks:
        site.write(name, source)
    site.install("tradewind-hello", "hello_plugin")
    use_registry(None)
    return request.param


def operators():
    assert registry().load("operator", "HelloOperator")(task_id="t", name="you").execute({}) == "hello you"


def sensors():
    assert registry().load("sensor", "DawnSensor")(task_id="t").poke({"hour": 7})


def notifiers():
    told = []
    notifier = registry().load("notifier", "HelloNotifier")(told.append, text="hello")
    notifier({})
    assert told == ["hello"]


def triggers():
    trigger = registry().load("trigger", "GreetingTrigger")("you")
    path, arguments = trigger.serialize()
    assert (path, arguments) == ("hello_parts.GreetingTrigger", {"name": "you"})

    async def events():
        return [event async for event in trigger.run()]

    assert asyncio.run(events()) == [TriggerEvent("hello you")]


def connection_types():
    class OneConnection(Host):
        def connection(self, conn_id):
            return Connection(conn_id=conn_id, host="greeter.example")

    hook = registry().load("connection type", "greeter")()
    assert isinstance(hook, BaseHook)
    with bind(OneConnection()):
        assert hook.get_conn() == "greeter.example"
    fields = {field.name: field for field in registry().connection_type("greeter").fields}
    assert fields["schema"].hidden
    assert fields["language"].choices == ("en", "fr")


def task_decorators():
    assert task.twice(str)(5) == ["5", "5"]
    with pytest.raises(AttributeError, match="there is no task decorator 'owl'"):
        task.owl  # noqa: B018 - asking is the point
    assert not hasattr(task, "__wrapped__")


def xcom_storages():
    shelf = Shelf(XComStorages(open_xcom_storage("flat", "large")), limit=3)
    kept = shelf.put(XComValue("k", '"long"', "str", 6), instance=1, token=2)
    assert (kept.value, Path("large", kept.storage).read_text()) == (None, '"long"')
    assert shelf.fetch(kept.value, kept.storage, 1, 2)[0] == '"long"'
    assert shelf.put(XComValue("k", "[1]", "list", 3), instance=1, token=2).value == "[1]"


def log_stores(tmp_path):
    environ = {"TRADEWIND__LOGS__STORE": "ledger", "TRADEWIND__LOGS__LOCATION": "ledger.db"}
    with closing(open_log_store(load(tmp_path, environ).config)) as store:
        store.put_chunk("a/1.log", 0, b"one\n")
        store.put_chunk("a/1.log", 4, b"two\n")
        store.put_chunk("a/1.log", 4, b"two\nthree\n")
        store.seal("a/1.log")
        assert (store.size("a/1.log"), store.read("a/1.log", 4, 5)) == (14, b"two\nt")
    with closing(sqlite3.connect("ledger.db")) as ledger:
        assert ledger.execute("SELECT data FROM chunk").fetchall() == [(b"one\n",), (b"two\nthree\n",)]
    with closing(open_log_store(load(tmp_path, environ).config)) as store:
        assert (store.delete("b/"), store.delete("a/"), store.read("a/1.log")) == (0, 1, b"")


def executors(site, tmp_path, sqlite_url):
    environ = {**os.environ, "PYTHONPATH": str(site.folder), "TRADEWIND_HOME": str(tmp_path / "home")}
    environ |= {"TRADEWIND__DATABASE__URL": sqlite_url, "TRADEWIND__EXECUTOR__SLOTS": "3"}
    command = [sys.executable, "-m", "tradewind", "worker", "--executor", "PoliteExecutor"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "hello from PoliteExecutor with 3 slots\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "goodbye\n"
    assert process.returncode == 0


def secrets_backends():
    chain = secrets_chain(["environment", "fixed"])
    assert chain.get_connection("greeter_default").host == "greeter.example"


def timetables():
    spec = {"type": "custom", "class": "hello_parts:LunarTimetable", "data": {}, "summary": "LunarTimetable"}
    timetable = from_spec(spec)
    assert (timetable.to_spec(), timetable.is_installed) == (spec, True)
    bounds = TimeRestriction(ENDED_AT, None, True)
    first = timetable.run_behind(None, bounds)
    second = timetable.run_behind(DataInterval.exact(first.run_at), bounds)
    assert timedelta(days=29) < second.run_at - first.run_at < timedelta(days=30)


def metrics_exporters(tmp_path):
    settings = load(tmp_path, {"TRADEWIND__METRICS__EXPORTERS": "ledger"}).config
    with closing(start_reporting(settings, "scheduler")):
        count(QUARANTINED, 2, dag_id="shop")
    assert Path("ledger.txt").read_text() == "scheduler scheduler.quarantined shop +2 = 2\nscheduler ends\n"


def codecs():
    assert codec("indented").encode({"a": 1}) == b'{\n  "a": 1\n}'


def cli_verbs(capsys):
    assert main(["hello", "you"]) == 0
    assert capsys.readouterr().out == "hello you\n"
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(r"hello +Greet somebody\.", capsys.readouterr().out)


DAG_FILE = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("d", schedule=None{more}):
    EmptyOperator(task_id="t")
"""


def loaded(site, **more):
    text = "".join(f", {name}={value!r}" for name, value in more.items())
    return load_dags(site.write("team/d.py", DAG_FILE.replace("{more}", text)), dag_module_name("team/d.py"))["d"]


def airflow_aliases():
    ours = {each.name: each.path for each in registry().all("Airflow alias")}
    assert ours["airflow.providers.hello"] == "hello_parts"
    assert registry().find("Airflow alias", "airflow.operators.hello_operator:HelloOperator").instead


def imports_begin(site, monkeypatch):
    monkeypatch.delitem(sys.modules, "greetings", raising=False)
    text = DAG_FILE.replace("{more}", "") + "import greetings\n"
    for name in ("first", "second"):  # the second finds it done
        assert load_dags(site.write(f"{name}.py", text), name).keys() == {"d"}


def dag_policy(site):
    with pytest.raises(ValueError, match=r"DAG d in team/d\.py has no tags"):
        loaded(site)
    assert loaded(site, tags=["mine"]).tags == ["mine"]


def task_policy(site):
    assert loaded(site).get_task("t").retries == 2


def running():
    listeners().running(TRY)
    assert Path("tries.txt").read_text() == "d t try 1\n"


def success():
    listeners().succeeded(TRY.replace(result=[1]))
    assert Path("tries.txt").read_text() == "t returned [1]\n"


def failed():
    listeners().failed(TRY.replace(error=OSError("no")))
    assert Path("tries.txt").read_text() == "t failed with OSError('no')\n"


def run_ended():
    event = DagRunEnded(dag_id="d", run_id="r", state="failed", ended_at=ENDED_AT, key="7")
    for state in ("success", "failed", "failed"):  # the last one comes twice
        state_listeners().tell("on_dag_run_ended", event.replace(state=state))
    assert {path.name: path.read_text() for path in Path("alarms").iterdir()} == {"7.txt": "run r of d failed\n"}


def instance_ended():
    event = TaskInstanceEnded(
        dag_id="d", run_id="r", task_id="t", state="upstream_failed", try_number=0, ended_at=ENDED_AT, key="1"
    )
    state_listeners().tell("on_task_instance_ended", event)
    assert Path("ends.txt").read_text() == "2026-01-02T03:04:05+00:00 d r t[-1] upstream_failed 1\n"


EFFECTS = {
    "on_dag_run_ended": run_ended,
    "on_task_failed": failed,
    "on_task_instance_ended": instance_ended,
    "on_task_running": running,
    "on_task_success": success,
    "tradewind_airflow_aliases": airflow_aliases,
    "tradewind_cli_verbs": cli_verbs,
    "tradewind_codecs": codecs,
    "tradewind_connection_types": connection_types,
    "tradewind_dag_policy": dag_policy,
    "tradewind_executors": executors,
    "tradewind_imports_begin": imports_begin,
    "tradewind_log_stores": log_stores,
    "tradewind_metrics_exporters": metrics_exporters,
    "tradewind_notifiers": notifiers,
    "tradewind_operators": operators,
    "tradewind_secrets_backends": secrets_backends,
    "tradewind_sensors": sensors,
    "tradewind_task_decorators": task_decorators,
    "tradewind_task_policy": task_policy,
    "tradewind_timetables": timetables,
    "tradewind_triggers": triggers,
    "tradewind_xcom_storages": xcom_storages,
}


@pytest.mark.parametrize("example", EFFECTS, indirect=True)
def test_the_example_has_its_effect(example, request):
    effect = EFFECTS[example]
    effect(*(request.getfixturevalue(name) for name in inspect.signature(effect).parameters))


def test_every_hook_has_an_effect_tested():
    assert set(EFFECTS) == set(SPECS)


def test_every_hook_has_a_caller():
    assert {kind.hook for kind in KINDS.values()} | {
        *IMPORT_HOOKS,
        *POLICY_HOOKS,
        *LISTENER_HOOKS,
        *STATE_HOOKS,
    } == set(SPECS)


def test_every_heading_is_a_hook():
    assert set(re.findall(r"^### `(\w+)`", MANUAL.read_text(), re.MULTILINE)) == set(SPECS)


@pytest.mark.parametrize("hook", SPECS)
def test_the_manual_says_what_the_spec_says(hook):
    spec, text = SPECS[hook], section(hook)
    needed = FIELDS if spec.is_declaring else FIELDS | {"Arguments"}
    assert set(documented(spec)) >= needed
    for name, sentence in documented(spec).items():
        assert f"| {'Since' if name == 'versionadded' else name} | {sentence} |" in text
    assert f"| Runs in | {', '.join(spec.runs_in)} |" in text
