"""The host in memory does with a task what a real one does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tradewind_plugins.exceptions import (
    TaskDeferralTimeout,
    TradewindException,
    TradewindFailException,
    TradewindNotFoundException,
    TradewindRescheduleException,
    TradewindSkipException,
)
from tradewind_plugins.host import current
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.triggers import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TriggerEvent
from tradewind_plugins.variable import Variable


class Soon(BaseTrigger):
    def __init__(self, event=None, kind="event"):
        super().__init__()
        self.event, self.kind = event, kind

    def serialize(self):
        return f"{__name__}.Soon", {"event": self.event, "kind": self.kind}

    async def run(self):
        if self.kind == "never":
            await asyncio.Event().wait()
        kinds = {"failed": TaskFailedEvent, "skipped": TaskSkippedEvent}
        made = kinds[self.kind](xcoms={"why": "so"}) if self.kind in kinds else TriggerEvent(self.event)
        yield made


class Waiting(BaseOperator):
    """Waits once, then returns what came."""

    kind = "event"

    def execute(self, context):
        when = timedelta(seconds=0.01) if self.kind == "never" else None
        self.defer(
            trigger=Soon([timedelta(1)], self.kind), method_name="go_on", kwargs={"at": context["ds"]}, timeout=when
        )

    def go_on(self, context, event, at):
        return [event[0].days, at]


@pytest.fixture
def waiting():
    def make(kind="event"):
        task = Waiting(task_id="waits")
        task.kind = kind
        return task

    return make


def test_it_is_bound_and_answers(host):
    assert current() is host
    Variable.set("a", 1)
    assert Variable.get("a") == "1"
    with pytest.raises(TradewindNotFoundException, match=r"'away' is not given in this test .given: none."):
        host.connection("away")
    with pytest.raises(TradewindException, match="connection type 'nothing'"):
        host.hook_class("nothing")
    assert host.hook_class("sqlite").__name__ == "SqliteHook"


def test_a_task_is_rendered_and_its_result_is_as_it_is_stored(host, tmp_path):
    class Shows(BaseOperator):
        template_fields = ("what",)
        template_ext = (".sql",)

        def __init__(self, what, **kwargs):
            super().__init__(**kwargs)
            self.what = what

        def execute(self, context):
            context["ti"].xcom_push("pushed", (1,))
            return {"what": self.what, "other": context["ti"].xcom_pull("other")}

    (tmp_path / "query.sql").write_text("SELECT '{{ ds }}'")
    host.of_others["other", "return_value"] = 7
    made = host.run(Shows(task_id="shows", what=["{{ word }}", "query.sql", ("{{ ds }}",)]), word="hello")
    assert made == {"what": ["hello", "SELECT '2021-01-01'", ["2021-01-01"]], "other": 7}
    assert host.pushed == {"pushed": [1]}


def test_a_deferred_task_goes_on_with_what_its_trigger_found(host, waiting):
    assert host.run(waiting()) == [1, "2021-01-01"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("never", TaskDeferralTimeout), ("failed", TradewindFailException), ("skipped", TradewindSkipException)],
)
def test_triggers_may_end_the_task_or_never_fire(host, waiting, kind, error):
    with pytest.raises(error):
        host.run(waiting(kind))
    assert host.pushed == ({} if kind == "never" else {"why": "so"})


def test_a_rescheduled_task_is_called_again(host):
    class Looks(BaseOperator):
        looks = 0

        def execute(self, context):
            self.looks += 1
            if self.looks < 3:
                raise TradewindRescheduleException(context["logical_date"])
            return self.looks

    assert host.run(Looks(task_id="looks")) == 3
    with pytest.raises(TradewindRescheduleException):
        host.run_once(Looks(task_id="again"))


def test_what_no_xcom_can_hold_is_refused(host):
    with pytest.raises(TypeError, match="cannot be stored"):
        host.xcom_push("bad", object())
