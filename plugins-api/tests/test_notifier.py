"""Notifiers: rendered with the context each time, called as callbacks are."""

from __future__ import annotations

import pytest
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import Host, bind
from tradewind_plugins.notifier import BaseNotifier


class Shout(BaseNotifier):
    template_fields = ("message",)

    def __init__(self, message, told):
        super().__init__()
        self.message, self.told = message, told

    def notify(self, context):
        self.told.append((self.message, context.get("slas")))


class Upper(Host):
    def render(self, value, context):
        return value.format(**context)


def test_each_call_renders_anew():
    told = []
    notifier = Shout("{name} failed", told)
    with bind(Upper()):
        notifier({"name": "load"})
        notifier({"name": "store"})
    assert told == [("load failed", None), ("store failed", None)]
    assert notifier.message == "{name} failed"


def test_it_takes_the_arguments_of_a_missed_sla():
    told = []
    with bind(Upper()):
        Shout("late: {task_list}", told)("dag", "a, b", "", ["slas"], [])
    assert told == [("late: a, b", ["slas"])]


def test_what_it_raises_is_not_swallowed():
    class Broken(BaseNotifier):
        def notify(self, context):
            raise OSError("no line")

    with pytest.raises(OSError, match="no line"):
        Broken()({})


def test_mistakes_are_named():
    with pytest.raises(TradewindException, match="BaseNotifier has no argument 'channel'"):
        BaseNotifier(channel="x")
    with pytest.raises(TradewindException, match="called with a context, or with the five arguments"):
        BaseNotifier()()
    with pytest.raises(NotImplementedError, match="BaseNotifier does not say how it notifies"):
        BaseNotifier()({})
