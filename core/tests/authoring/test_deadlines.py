"""Deadlines of DAGs as authors write them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tradewind import DAG, AsyncCallback, BaseNotifier, DeadlineAlert, DeadlineReference, SyncCallback
from tradewind.authoring.calls import calls_of_dag, names_of_dag
from tradewind.exceptions import TradewindException
from tradewind.operators.empty import EmptyOperator
from tradewind.serialization import deserialize, serialize

HOUR = timedelta(hours=1)
heard: list[Any] = []


def plain(context: Any) -> None:
    heard.append(("plain", context["ds"]))


async def waiting(text: str, context: Any) -> None:
    heard.append((text, context["ds"]))


def without_context(text: str) -> None:
    heard.append((text,))


class Told(BaseNotifier):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context: Any) -> None:
        heard.append((self.text, context["ds"]))


def shop(deadline: Any) -> DAG:
    with DAG("shop", schedule=None, deadline=deadline) as dag:
        EmptyOperator(task_id="only")
    return dag


def test_a_deadline_is_stored_with_the_names_of_what_it_calls() -> None:
    fixed = DeadlineReference.FIXED_DATETIME(datetime(2026, 5, 1, tzinfo=timezone.utc))
    dag = shop(
        [
            DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, HOUR, plain),
            DeadlineAlert(fixed, -HOUR, [AsyncCallback(waiting, {"text": "w"}), "alarms.ring"]),
        ]
    )
    text = serialize(dag)
    stored = deserialize(text)
    assert stored.deadlines == (("queued_at", 3600.0), ("2026-05-01T00:00:00+00:00", -3600.0))
    assert stored.callbacks == {"deadline.0": ("plain",), "deadline.1": ("waiting", "ring")}
    assert "deadlines" not in json.loads(serialize(shop(None))), "a DAG without one is stored as ever"


def test_whatever_is_named_is_called_with_what_it_takes() -> None:
    heard.clear()
    named = [
        plain,
        AsyncCallback(waiting, {"text": "w"}),
        SyncCallback(without_context, {"text": "n"}),
        AsyncCallback(Told, {"text": "t"}),
        Told("own"),
        SyncCallback("math.sqrt", {}),
    ]
    dag = shop(DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, HOUR, named))
    assert names_of_dag(dag)["deadline.0"] == ["plain", "waiting", "without_context", "Told", "Told", "sqrt"]
    *calls, (_name, wrong) = calls_of_dag(dag, "deadline.0")
    for _name, call in calls:
        call({"ds": "2026-01-01", "dag": dag})
    day = "2026-01-01"
    assert heard == [("plain", day), ("w", day), ("n",), ("t", day), ("own", day)]
    with pytest.raises(TypeError, match="sqrt"):
        wrong({"ds": day})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: shop("soon"), "deadline is a DeadlineAlert, or a list of them, not 'soon'"),
        (lambda: DeadlineAlert("queued", HOUR, plain), "the reference is DeadlineReference.DAGRUN_QUEUED_AT"),
        (lambda: DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, 60, plain), "the interval is a timedelta, not 60"),
        (lambda: DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, HOUR, 7), "must be a function"),
        (lambda: SyncCallback("ring"), r"named by its path \(module.name\), not 'ring'"),
    ],
)
def test_what_is_no_deadline_is_refused_in_one_sentence(make: Any, says: str) -> None:
    with pytest.raises(TradewindException, match=says):
        make()
