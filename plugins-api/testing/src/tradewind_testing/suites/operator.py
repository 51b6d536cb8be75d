"""The suite of operators."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import Host, bind
from tradewind_plugins.operator import BaseOperator

from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.suite import Suite, offline, only_if

__all__ = ["OperatorSuite", "arguments_of"]

_PATIENCE = 30.0


def arguments_of(operator: type[Any]) -> dict[str, type[Any]]:
    """Return the arguments that an operator adds to those of every operator, each with the class that has it."""
    found: dict[str, type[Any]] = {}
    for cls in inspect.getmro(operator):
        if cls.__module__.startswith(("tradewind_plugins.", "airflow.")) or "__init__" not in vars(cls):
            continue
        parameters = inspect.signature(inspect.unwrap(vars(cls)["__init__"])).parameters.values()
        for each in parameters:
            if each.kind in {each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD} and each.name != "self":
                found.setdefault(each.name, cls)
    return found


class OperatorSuite(Suite):
    """An operator is cheap to make, says what it takes, does its work, and leaves nothing behind when it is killed.

    To be given: `operator`, `arguments`, `check`, and the fixture `prepared` where it needs something.
    """

    operator: ClassVar[type[BaseOperator]]
    """The class."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """All that it needs but the task's id."""
    deferrable: ClassVar[bool] = False
    """Whether it takes `deferrable=True`."""
    busy: ClassVar[Mapping[str, Any] | None] = None
    """Arguments with which it works until it is killed; None where it has nothing that could be killed."""

    @pytest.fixture
    def prepared(self, host: KitHost) -> None:
        """Connections, and what the service has to have. Override it where the operator needs something."""

    def check(self, result: Any, host: KitHost) -> None:
        """Check what a run has returned and done. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `check`")

    def is_at_work(self) -> bool:
        """Return whether the operator with the arguments `busy` has begun its work; needed where `busy` is given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `is_at_work`")

    def left_behind(self) -> Sequence[Any]:
        """Return what is still there, of what a killed operator has begun."""
        return ()

    def make(self, **changes: Any) -> Any:
        """Return the operator, with arguments changed."""
        return self.operator(**{"task_id": "kit", **self.arguments, **changes})

    @offline
    def test_making_it_asks_for_nothing_and_makes_no_client(self) -> None:
        with bind(Host()):
            task = self.make()
        given = list(self.arguments.values())
        made = [name for name, value in vars(task).items() if isinstance(value, BaseHook) and value not in given]
        assert made == [], "a DAG file is read again and again: make clients in execute"

    @offline
    def test_a_misspelt_argument_is_refused(self) -> None:
        with pytest.raises((TradewindException, TypeError), match="misspelt_argument"):
            self.make(misspelt_argument=1)

    @offline
    def test_templated_fields_are_arguments(self) -> None:
        known = set(arguments_of(self.operator))
        assert set(self.operator.template_fields) <= known
        # Airflow 1.10 has no renderers
        assert set(getattr(self.operator, "template_fields_renderers", ())) <= set(self.operator.template_fields)
        assert all(each.startswith(".") for each in self.operator.template_ext)

    @offline
    def test_its_arguments_are_documented(self) -> None:
        missing = [
            name
            for name, cls in arguments_of(self.operator).items()
            if not any(f"{name}:" in (base.__doc__ or "") or f"{name}," in (base.__doc__ or "") for base in cls.__mro__)
        ]
        assert missing == []

    @offline
    def test_its_output_is_for_other_tasks(self) -> None:
        task = self.make()
        assert task.output.operator is task

    @offline
    def test_an_unknown_connection_is_named(self, host: KitHost) -> None:
        names = [name for name in arguments_of(self.operator) if name.endswith("conn_id")]
        if not names:
            return  # it has no connection
        with pytest.raises(TradewindNotFoundException, match="nobody_knows"):
            host.run(self.make(**dict.fromkeys(names, "nobody_knows")))

    def test_it_runs(self, host: KitHost, prepared: None) -> None:
        self.check(host.run(self.make()), host)

    @only_if("deferrable")
    def test_it_runs_deferred(self, host: KitHost, prepared: None) -> None:
        self._needs_deferring(host)
        self.check(host.run(self.make(deferrable=True)), host)

    def test_killed_before_it_began_it_ends_in_order(self, host: KitHost, prepared: None) -> None:
        self.make().on_kill()
        assert list(self.left_behind()) == []

    @only_if("busy")
    def test_killed_at_work_it_leaves_nothing(self, host: KitHost, prepared: None) -> None:
        # The task that is killed is the one that runs: some hosts run a copy, with its templates filled in
        (task, context), ended = host.prepared(self.make(**dict(self.busy or {})), {}), threading.Event()
        thread = threading.Thread(target=_run, args=(host, task, context, ended), daemon=True)
        thread.start()
        _await(self.is_at_work, ended, "it has not begun")
        task.on_kill()
        thread.join(_PATIENCE)
        assert not thread.is_alive(), "on_kill has not ended it"
        # The service may take a moment to end what it was told to end
        _await(lambda: not list(self.left_behind()), threading.Event(), "something is left behind")

    def _needs_deferring(self, host: KitHost) -> None:
        if not host.can_defer:
            pytest.skip(f"on the host {host.name} nothing can be deferred")


def _run(host: KitHost, task: Any, context: dict[str, Any], ended: threading.Event) -> None:
    try:
        with bind(host), host.running(context):
            task.execute(context)
    except Exception as error:  # noqa: BLE001 - killed as it is, it may end with anything
        task.log.info("killed, it ended with %s", error)
    finally:
        ended.set()


def _await(condition: Any, ended: threading.Event, failure: str) -> None:
    """Wait until a condition holds, looked at as often as it takes."""
    for _ in range(int(_PATIENCE * 100)):
        if condition():
            return
        assert not ended.wait(0.01), "it ended before it was killed"
    raise AssertionError(f"{failure} after {_PATIENCE:g} s")
