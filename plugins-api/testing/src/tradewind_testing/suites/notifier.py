"""The suite of notifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.host import Host, bind
from tradewind_plugins.notifier import BaseNotifier
from tradewind_plugins.operator import BaseOperator

from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.operator import arguments_of
from tradewind_testing.suites.suite import Suite, offline

__all__ = ["NotifierSuite"]


class NotifierSuite(Suite):
    """A notifier tells people once a call, with its templates filled in, and says so when it could not.

    To be given: `notifier`, `arguments`, `delivered`, and the fixture `prepared` where it needs something.
    """

    notifier: ClassVar[type[BaseNotifier]]
    """The class."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """Its arguments; at least one templated field holds `{{ ti.task_id }}`, if there is any."""

    @pytest.fixture
    def prepared(self, host: KitHost) -> None:
        """Connections, and a service that takes messages. Override it where the notifier needs something."""

    def delivered(self) -> Sequence[str]:
        """Return the messages that have arrived. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `delivered`")

    def away(self, host: KitHost) -> None:
        """Lead the notifier's connection to where nobody listens; needed unless there is a gap."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `away`, or a gap that says why not")

    def make(self, **changes: Any) -> Any:
        """Return the notifier, with arguments changed."""
        return self.notifier(**{**self.arguments, **changes})

    @offline
    def test_making_it_asks_for_nothing(self) -> None:
        with bind(Host()):
            self.make()

    @offline
    def test_a_misspelt_argument_is_refused(self) -> None:
        with pytest.raises((TradewindException, TypeError), match="misspelt_argument"):
            self.make(misspelt_argument=1)

    @offline
    def test_templated_fields_are_arguments(self) -> None:
        assert set(self.notifier.template_fields) <= set(arguments_of(self.notifier))

    def test_a_message_arrives_with_its_templates_filled_in(self, host: KitHost, prepared: None) -> None:
        self.make()(host.context(_task()))
        (message,) = self.delivered()
        assert "{{" not in message
        assert "kit_notified" in message or not self.notifier.template_fields

    def test_it_may_be_called_again(self, host: KitHost, prepared: None) -> None:
        notifier = self.make()
        for _ in range(2):
            notifier(host.context(_task()))
        assert len(self.delivered()) == 2

    def test_that_nobody_could_be_told_is_an_error(self, host: KitHost, prepared: None) -> None:
        self.away(host)
        with pytest.raises(ConnectionFailed):
            self.make()(host.context(_task()))


def _task() -> BaseOperator:
    return BaseOperator(task_id="kit_notified")
