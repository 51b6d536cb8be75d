"""The execution API on the wire: how its values are written as JSON, once, for workers and servers.

Instants are integers: microseconds since 1970 in UTC. A name that an answer has beyond those known here is passed over, so
that a server may be newer than its workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from tradewind.execution.instants import microseconds, moment
from tradewind.execution.lifecycle import Refusal, Try
from tradewind.execution.messages import (
    Beat,
    GetConnection,
    GetSetting,
    GetVariable,
    LastSuccess,
    LookAtRuns,
    Maintain,
    PullXCom,
    PushXCom,
    ReadAssetEvents,
    ReadTable,
    Reply,
    Request,
    SetVariable,
    Start,
    TriggerRun,
)
from tradewind.transitions.callbacks import CallbackResult
from tradewind.transitions.values import Answer, AssetNews, Deferral, Outcome, Ticket, XComValue

VERSION: Final = 1
PREFIX: Final = f"/execution/v{VERSION}"
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
PROBLEM: Final = "application/problem+json"
OVERTAKEN_CODE: Final = "overtaken"
"""The one code that says a newer dispatch of a try exists, or that it has ended."""
ASKABLE: Final[Mapping[str, type[Request]]] = {
    each.wire: each
    for each in (
        PushXCom,
        PullXCom,
        GetVariable,
        SetVariable,
        GetConnection,
        ReadTable,
        ReadAssetEvents,
        TriggerRun,
        LastSuccess,
        LookAtRuns,
        Maintain,
        GetSetting,
        Beat,
    )
}
"""What a running task may ask, by name."""
_INSTANTS = ("ended_at", "started_at", "due_at")
_TICKET_FIELDS = tuple(each.name for each in fields(Ticket))
_OUTCOME_FIELDS = tuple(each.name for each in fields(Outcome))


def request_to_json(request: Request) -> dict[str, Any]:
    """Return what a task asks."""
    return {"request": request.wire, "arguments": {name: getattr(request, name) for name in request.fields}}


def reply_of_json(found: Mapping[str, Any]) -> tuple[Reply, list[str]]:
    """Return the reply to a task, and the texts to mask."""
    reply = found["reply"]
    return Reply(reply["value"], reply["error"], reply["missing"]), list(found["mask"])


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Return how a try ended."""
    found = {name: getattr(outcome, name) for name in _OUTCOME_FIELDS}
    for name in _INSTANTS:
        found[name] = microseconds(found[name])
    found["skip"] = list(outcome.skip)
    found["xcoms"] = [asdict(each) for each in outcome.xcoms]
    found["events"] = [asdict(each) for each in outcome.events]
    found["raised"] = None if outcome.raised is None else list(outcome.raised)
    if outcome.deferral is not None:
        found["deferral"] = {**asdict(outcome.deferral), "began_at": microseconds(outcome.deferral.began_at)}
    return found


def outcome_of_json(found: Mapping[str, Any]) -> Outcome:
    """Return how a try ended, from what was checked already."""
    values = dict(found)
    for name in _INSTANTS:
        values[name] = moment(values.get(name))
    values["skip"] = tuple(values.get("skip") or ())
    values["xcoms"] = tuple(XComValue(**each) for each in values.get("xcoms") or ())
    values["events"] = tuple(AssetNews(**each) for each in values.get("events") or ())
    values["raised"] = tuple(values["raised"]) if values.get("raised") else None
    if values.get("deferral") is not None:
        deferral = values["deferral"]
        values["deferral"] = Deferral(**{**deferral, "began_at": moment(deferral["began_at"])})
    return Outcome(**values)


def answers_to_json(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return what became of outcomes."""
    return [asdict(each) for each in answers]


def answers_of_json(found: Sequence[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """Return what became of outcomes."""
    return tuple(Answer(each["instance"], each["token"], each["verdict"], each["state"]) for each in found)


def start_to_json(start: Start) -> dict[str, Any]:
    """Return what a try's process is told, without what only its worker knows."""
    return {name: getattr(start, name) for name in Start.fields if name not in OF_THE_WORKER}


OF_THE_WORKER: Final = frozenset({"root", "path", "hostname", "live_folder", "memory_limit", "spool", "inline"})
"""Fields of a start that its worker fills in itself."""


def start_of_json(found: Mapping[str, Any], own: Mapping[str, Any]) -> Start:
    """Return the start of a try.

    Arguments:
        own: the fields `OF_THE_WORKER`.
    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    values = {name: found[name] for name in Start.fields if name in found and name not in OF_THE_WORKER}
    start = Start(**values, **own)
    if not all(isinstance(getattr(start, name), kind) for name, kind in zip(Start.fields, Start.kinds, strict=True)):
        raise ValueError("this is no start of a try")
    return start


def ticket_to_json(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket."""
    return asdict(ticket)


def refusal_of_json(found: Mapping[str, Any]) -> Refusal:
    """Return why a claimed try cannot be started."""
    ticket = found["ticket"]
    return Refusal(Ticket(**{name: ticket[name] for name in _TICKET_FIELDS}), str(found["cause"]))


def ticket_of(start: Start) -> Ticket:
    """Return the ticket that a start was made of, as far as the worker needs it."""
    known = {name: getattr(start, name) for name in _TICKET_FIELDS if name in Start.fields}
    return Ticket(**known, executor="", queue="")


def tries_to_json(tries: Sequence[Try]) -> list[list[int]]:
    """Return tries in an order of their own."""
    return [list(each) for each in sorted(tries)]


def tries_of_json(found: Sequence[Sequence[int]]) -> frozenset[Try]:
    """Return tries."""
    return frozenset((int(instance), int(token)) for instance, token in found)


def result_to_json(result: CallbackResult) -> dict[str, Any]:
    """Return how an attempt to call a callback ended."""
    return {**asdict(result), "done": list(result.done)}
