"""Reporting how workers ended by calls to the web server, for hosts that do without the metadata database."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import uuid4

from tradewind.config import Config
from tradewind.execution.evidence import unstored
from tradewind.execution.http import wire
from tradewind.execution.http.connection import RefusedError
from tradewind.execution.http.lifecycle import Caller, understood
from tradewind.execution.http.opening import open_caller
from tradewind.execution.http.values import Values
from tradewind.execution.journal import Story
from tradewind.execution.prestart import EXECUTOR
from tradewind.execution.settings import spool_path
from tradewind.execution.spool import Spool
from tradewind.transitions.daemons import TakenOver
from tradewind.transitions.values import Outcome

log = logging.getLogger(__name__)


class HttpRegistrar:
    """See `tradewind.execution.evidence.Registrar`. Every call raises `Unreachable` where the server cannot be asked.

    Arguments:
        config: which server, and where this host's files are.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._spool = Spool(spool_path(config.home))

    def record(self, worker: str, outcomes: Sequence[Outcome]) -> None:
        """See `Registrar.record`. One that the server refuses alone is left out: its try is lost."""
        caller = open_caller(self._config, worker)
        values = Values(caller.server, self._spool, worker, caller.credential)
        sent = [_sent(values, each) for each in outcomes]
        try:
            _report(caller, sent)
        except RefusedError:
            for each in sent:
                self._record_alone(caller, each)
        finally:
            caller.server.close()

    @staticmethod
    def _record_alone(caller: Caller, outcome: Outcome) -> None:
        try:
            _report(caller, [outcome])
        except RefusedError as error:
            log.error("an outcome of a dead worker cannot be recorded: %s", error)  # noqa: TRY400  (the sentence says it)

    def end(self, worker: str, story: Story, cause: str) -> TakenOver:
        """See `Registrar.end`. The server wakes who has work now."""
        caller = open_caller(self._config, worker)
        try:
            found = caller.post(
                "end",
                {
                    "cause": cause,
                    "is_evidence": story.is_evidence,
                    "started": wire.tries_to_json(list(story.started)),
                },
            )
        finally:
            caller.server.close()
        with understood("end"):
            return TakenOver(tuple(map(int, found["requeued"])), tuple(map(int, found["lost"])))

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """See `Registrar.sweep`."""
        self._spool.sweep(tries)


def _sent(values: Values, outcome: Outcome) -> Outcome:
    try:
        return values.send_all(outcome)
    except RefusedError as error:
        return unstored(outcome, error)


def _report(caller: Caller, outcomes: Sequence[Outcome]) -> None:
    caller.post(
        "exchange",
        {
            "executor": EXECUTOR,
            "queues": None,
            "outcomes": [wire.outcome_to_json(each) for each in outcomes],
            "free": 0,
            "nonce": str(uuid4()),
            "is_repeated": False,
            "missing": [],
        },
    )
