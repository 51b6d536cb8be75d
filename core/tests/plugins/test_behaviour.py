import logging
from types import SimpleNamespace

import pytest
from tradewind.plugins.behaviour import Listeners, Policies
from tradewind.plugins.registry import open_registry
from tradewind_plugins.events import TaskTry

TRY = TaskTry(task=None, dag_id="d", run_id="r", task_id="t", try_number=1)
LISTENER = """
    from tradewind_plugins.hooks import hookimpl

    seen = []

    @hookimpl
    def on_task_running(event):
        seen.append(event.task_id)
"""
BROKEN = """
    from tradewind_plugins.hooks import hookimpl

    @hookimpl
    def on_task_running():
        raise OSError("no")

    @hookimpl
    def tradewind_task_policy(event):
        raise OSError(event.task.task_id)
"""


def test_without_listeners_a_try_imports_nothing_and_calls_nothing(site):
    Listeners(open_registry(None)).running(TRY)


def test_an_exception_of_a_listener_is_logged_and_the_next_one_is_called(site, caplog):
    site.write("broken.py", BROKEN)
    site.write("listener.py", LISTENER)
    heard = Listeners(open_registry(None, ["broken", "listener"]))
    with caplog.at_level(logging.ERROR):
        heard.running(TRY)
    assert "on_task_running of plugin broken raised an exception" in caplog.text
    from listener import seen  # noqa: PLC0415 - it exists only now

    assert seen == ["t"]


def test_an_exception_of_a_policy_is_raised_with_the_tasks_in_the_order_of_their_ids(site):
    site.write("broken.py", BROKEN)
    dag = SimpleNamespace(tasks=[SimpleNamespace(task_id="b"), SimpleNamespace(task_id="a")])
    with pytest.raises(OSError, match="a"):
        Policies(open_registry(None, ["broken"])).apply(dag, "d.py")


def test_the_trace_switch_prints_calls_with_implementations_and_results(site, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TRADEWIND_TRACE_PLUGINS", "1")
    site.write("listener.py", LISTENER)
    for _ in range(2):  # the second time there is a stored file
        capsys.readouterr()
        Listeners(open_registry(tmp_path, ["listener"])).running(TRY)
    printed = capsys.readouterr().err
    assert "[plugins] tradewind_codecs() by tradewind.plugins.builtin -> [Declared(path=" in printed
    assert "[plugins] on_task_running(TaskTry(task=None, dag_id='d'" in printed
    assert "by listener -> None" in printed
