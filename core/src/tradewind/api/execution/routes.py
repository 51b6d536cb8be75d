"""The routes of the execution API, as data: what is served, checked and documented is made from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from marshmallow import Schema

from tradewind.api.execution import schemas
from tradewind.api.execution.calls import Answered, Calls, Data


@dataclass(frozen=True)
class Route:
    """A call of a worker: `POST /execution/v1/workers/{worker}/<path>`.

    Arguments:
        path: after the worker's name.
        summary: one line.
        body: what it brings.
        answer: what it is answered with.
        work: does it.
    """

    path: str
    summary: str
    body: type[Schema]
    answer: type[Schema]
    work: Callable[[Calls, str, Data], Answered]


ROUTES: Final = (
    Route(
        "terms",
        "Ask what the server's configuration says of all workers",
        schemas.NothingSchema,
        schemas.TermsSchema,
        Calls.terms,
    ),
    Route("register", "Announce this worker and its slots", schemas.RegisterSchema, schemas.DoneSchema, Calls.register),
    Route(
        "exchange",
        "Record how tries ended and claim new ones, in one transaction",
        schemas.ExchangeSchema,
        schemas.ExchangedSchema,
        Calls.exchange,
    ),
    Route(
        "renew",
        "Renew the worker's lease, and passes of what it runs",
        schemas.RenewSchema,
        schemas.LeaseSchema,
        Calls.renew,
    ),
    Route(
        "callbacks/claim",
        "Claim callbacks that are due",
        schemas.ClaimCallbacksSchema,
        schemas.ClaimedCallbacksSchema,
        Calls.claim_callbacks,
    ),
    Route(
        "callbacks/report",
        "Record how an attempt to call a callback ended",
        schemas.ReportCallbackSchema,
        schemas.DoneSchema,
        Calls.report_callback,
    ),
    Route(
        "leave",
        "Say that this worker has ended and runs nothing any more",
        schemas.LeaveSchema,
        schemas.DoneSchema,
        Calls.leave,
    ),
    Route(
        "end",
        "Report, by the worker's watcher, that its processes ended",
        schemas.EndSchema,
        schemas.EndedSchema,
        Calls.end,
    ),
)
