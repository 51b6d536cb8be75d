"""The calls: each takes what was checked, has the direct lifecycle do it, and returns what is answered.

Nothing is decided here that the lifecycle decides; what is decided here is who may ask.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradewind.api.execution.hosts import Hosts, pass_seconds
from tradewind.api.execution.problems import Problem
from tradewind.execution.direct_lifecycle import reaching
from tradewind.execution.http import wire
from tradewind.execution.http.connection import NOT_YOURS
from tradewind.execution.http.tokens import Keys, Pass
from tradewind.execution.messages import Request, Start
from tradewind.execution.other_dags import OVERTAKEN
from tradewind.execution.running import key_of
from tradewind.metadata.statements import callbacks, tickets
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.transitions import daemons
from tradewind.transitions.callbacks import CallbackResult
from tradewind.transitions.daemons import TakenOver
from tradewind.transitions.values import Outcome, Ticket

Data = Mapping[str, Any]
Answered = dict[str, Any]
DONE: Answered = {"done": True}


@dataclass(frozen=True)
class Calls:
    """Answers the calls of workers.

    Arguments:
        hosts: lend lifecycles.
        keys: make passes.
    """

    hosts: Hosts
    keys: Keys

    # --- of a worker --------------------------------------------------------------------------------------------------

    def terms(self, worker: str, data: Data) -> Answered:
        """Tell what the configuration says of all workers."""
        del worker, data
        config = self.hosts.config
        return {
            "lease": config.leases.duration,
            "renew_every": config.leases.renew_every,
            "isolation_grace": config.leases.isolation_grace,
            "pass_seconds": pass_seconds(config),
            "callback_seconds": config.callbacks.timeout,
        }

    def register(self, worker: str, data: Data) -> Answered:
        """Announce a worker; again by the same process, it is announced already."""
        with self.hosts.lifecycle(worker, **_of_worker(data), slots=data["slots"]) as lifecycle:
            try:
                lifecycle.register_at(data["host"], data["pid"])
            except IntegrityError:
                self._require_alive(worker)
        return DONE

    def exchange(self, worker: str, data: Data) -> Answered:
        """Record how tries ended and claim new ones, in one transaction."""
        outcomes = [wire.outcome_of_json(each) for each in data["outcomes"]]
        missing = [(instance, token) for instance, token in data["missing"]]
        self._require_own(worker, outcomes)
        with self.hosts.lifecycle(worker, **_of_worker(data)) as lifecycle:
            lifecycle.resume(data["nonce"], self._tickets(worker, missing), is_repeated=data["is_repeated"])
            result = lifecycle.exchange(outcomes, data["free"], data["nonce"])
        return {
            "answers": wire.answers_to_json(result.answers),
            "starts": [wire.start_to_json(each) for each in result.starts],
            "passes": [self._pass(worker, each) for each in result.starts],
            "refusals": [{"ticket": asdict(each.ticket), "cause": each.cause} for each in result.refusals],
            "has_callbacks": result.has_callbacks,
        }

    def renew(self, worker: str, data: Data) -> Answered:
        """Renew the worker's lease, and the passes that it names, of what is still its own."""
        with self.hosts.lifecycle(worker) as lifecycle:
            lease = lifecycle.renew()
        if not lease.is_alive:
            self._require_known(worker)
        asked = [(instance, token) for instance, token in data["passes"]]
        return {
            "worker": worker,
            "is_alive": lease.is_alive,
            "tries": wire.tries_to_json(list(lease.tries)),
            "passes": [*self._passes_of_tries(worker, asked), *self._passes_of_callbacks(worker, asked)],
            "has_callbacks": lease.has_callbacks,
        }

    def claim_callbacks(self, worker: str, data: Data) -> Answered:
        """Claim callbacks that are due."""
        with self.hosts.lifecycle(worker) as lifecycle:
            starts = lifecycle.claim_callbacks(data["most"])
        return {
            "starts": [wire.start_to_json(each) for each in starts],
            "passes": [self._pass(worker, each) for each in starts],
        }

    def report_callback(self, worker: str, data: Data) -> Answered:
        """Record how an attempt to call a callback ended."""
        result = CallbackResult(**{**data, "done": tuple(data["done"])})
        with reaching(), self.hosts.database.read() as conn:
            claimed = callbacks.claimed_by(conn, worker, [result.key])
        if not any(each.token == result.token for each in claimed):
            return DONE  # another worker has claimed it since, or it was reported already
        with self.hosts.lifecycle(worker) as lifecycle:
            lifecycle.report_callback(result)
        return DONE

    def leave(self, worker: str, data: Data) -> Answered:
        """Record that the worker has ended and runs nothing any more."""
        with self.hosts.lifecycle(worker) as lifecycle:
            lifecycle.leave(data["cause"])
        return DONE

    def end(self, worker: str, data: Data) -> Answered:
        """Take its tries from a worker whose watcher has seen its processes end."""
        started = {(instance, token) for instance, token in data["started"]}
        hosts = self.hosts
        with reaching(), hosts.database.read() as conn:
            held = tickets.tries_of_worker(conn, worker)
        never_started = held - started if data["is_evidence"] else set()
        with hosts.ids() as ids, reaching():

            def work(conn: sa.Connection) -> TakenOver:
                return daemons.report_ended(
                    conn,
                    worker,
                    never_started,
                    graphs=hosts.graphs,
                    clock=hosts.clock,
                    ids=ids,
                    cause=data["cause"],
                )

            taken = hosts.database.write(work, collisions=True)
        if taken.wake:
            hosts.notify(taken.wake)
        with reaching(), hosts.database.read() as conn:
            daemons.log_taken(conn, taken, data["cause"])
        return {"requeued": list(taken.requeued), "lost": list(taken.lost)}

    # --- of a try -----------------------------------------------------------------------------------------------------

    def answer(self, who: Pass, data: Data) -> Answered:
        """Answer what a running task, or a callback, asks."""
        request = request_of(data)
        self._require_current(who)
        with self.hosts.lifecycle(who.worker) as lifecycle:
            reply, secrets = lifecycle.answer(_start_of(who), request)
        return {"reply": {"value": reply.value, "error": reply.error, "missing": reply.missing}, "mask": secrets}

    def require_running(self, worker: str, instance: int, token: int) -> None:
        """Refuse, unless this dispatch runs on this worker."""
        with reaching(), self.hosts.database.read() as conn:
            found = tickets.holders(conn, [instance]).get(instance)
        if found is None or found.worker != worker or found.token != token or found.state != "running":
            raise Problem(403, NOT_YOURS, "This dispatch of the task does not run on this worker.")

    # --- who may ask --------------------------------------------------------------------------------------------------

    def _require_known(self, worker: str) -> None:
        """Only a row that says so ends a worker: one that this database does not know may be another's."""
        if self._ended(worker) is None:
            raise Problem(409, "unknown-worker", "This server's database knows no such worker: is it the right server?")

    def _require_alive(self, worker: str) -> None:
        if self._ended(worker):
            raise Problem(409, "worker-ended", "A worker of this name was declared ended; a new one needs a new name.")

    def _ended(self, worker: str) -> bool | None:
        with reaching(), self.hosts.database.read() as conn:
            return daemon_statements.has_ended(conn, worker)

    def _require_own(self, worker: str, outcomes: Sequence[Outcome]) -> None:
        """Refuse outcomes of tries that run on another worker; a dispatch belongs to one worker for ever.

        One that is over, or overtaken, changes nothing, so it passes.
        """
        if not outcomes:
            return
        with reaching(), self.hosts.database.read() as conn:
            found = tickets.holders(conn, [each.instance for each in outcomes])
        for place, each in enumerate(outcomes):
            row = found.get(each.instance)
            if row is None or row.token > each.token:
                continue
            is_over = row.token == each.token and row.state != "running"
            if not is_over and (row.token != each.token or row.worker != worker):
                sentence = "This dispatch of the task does not run on this worker."
                raise Problem(403, NOT_YOURS, sentence, {f"outcomes.{place}": [sentence]})

    def _require_current(self, who: Pass) -> None:
        """Refuse what a dispatch asks that was overtaken or has ended, or a callback that another worker has claimed."""
        with reaching(), self.hosts.database.read() as conn:
            if who.callback is None:
                is_current = tickets.ticket_of(conn, who.instance, who.token) is not None
            else:
                claimed = callbacks.claimed_by(conn, who.worker, [who.callback[0]])
                is_current = any(each.token == who.callback[1] for each in claimed)
        if not is_current:
            raise Problem(403, wire.OVERTAKEN_CODE, f"The pass is over: {OVERTAKEN}.")

    # --- passes -------------------------------------------------------------------------------------------------------

    def _tickets(self, worker: str, wanted: Sequence[tuple[int, int]]) -> list[Ticket]:
        if not wanted:
            return []
        with reaching(), self.hosts.database.read() as conn:
            found = tickets.tickets_of_worker(conn, worker, [instance for instance, _ in wanted])
        return [Ticket(*row) for row in found if (row.instance, row.token) in set(wanted)]

    def _pass(self, worker: str, start: Start) -> Answered:
        owed = start.callback
        names = ("instance", "token", "try_number", "run", "dag_id", "run_id", "task_id", "map_index")
        what = Pass(
            worker,
            **{name: getattr(start, name) for name in names},
            callback=None if owed is None else (owed["id"], owed["token"]),
        )
        return self._signed(what, key_of(start))

    def _signed(self, what: Pass, key: tuple[int, int]) -> Answered:
        word = self.keys.pass_of(what, self.hosts.now(), pass_seconds(self.hosts.config))
        return {"instance": key[0], "token": key[1], "pass": word}

    def _passes_of_tries(self, worker: str, asked: Iterable[tuple[int, int]]) -> list[Answered]:
        wanted = [(instance, token) for instance, token in asked if instance > 0]
        return [
            self._signed(
                Pass(
                    worker,
                    each.instance,
                    each.token,
                    each.try_number,
                    each.run,
                    each.dag_id,
                    each.run_id,
                    each.task_id,
                    each.map_index,
                ),
                (each.instance, each.token),
            )
            for each in self._tickets(worker, wanted)
        ]

    def _passes_of_callbacks(self, worker: str, asked: Iterable[tuple[int, int]]) -> list[Answered]:
        wanted = {-key: token for key, token in asked if key < 0}
        if not wanted:
            return []
        with reaching(), self.hosts.database.read() as conn:
            found = callbacks.claimed_by(conn, worker, list(wanted))
        made = []
        for row in found:
            if wanted.get(row.id) == row.token:
                about = _about(row)
                made.append(self._signed(Pass(worker, **about, callback=(row.id, row.token)), (-row.id, row.token)))
        return made


def _about(row: Any) -> dict[str, Any]:
    """Return what the pass of a callback says of the try that it is about; of a run's, of none."""
    details = json.loads(row.details)
    return {
        "instance": details.get("instance", 0),
        "token": details.get("token", 0),
        "try_number": row.try_number or 0,
        "run": row.run,
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "task_id": row.task_id or "",
        "map_index": -1 if row.map_index is None else row.map_index,
    }


def _of_worker(data: Data) -> dict[str, Any]:
    queues = data["queues"]
    return {"executor": data["executor"], "queues": None if queues is None else tuple(queues)}


def _start_of(who: Pass) -> Start:
    """Return the start of a try as far as answers look at it."""
    return Start(
        instance=who.instance,
        token=who.token,
        try_number=who.try_number,
        max_tries=0,
        dag_id=who.dag_id,
        run_id=who.run_id,
        task_id=who.task_id,
        map_index=who.map_index,
        run=who.run,
        run_type="",
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_started_at=None,
        conf="{}",
        version_id=0,
        source_hash="",
        root="",
        path="",
    )


def request_of(data: Data) -> Request:
    """Return what a task asks.

    Raises:
        Problem: naming the argument that is wrong.
    """
    cls = wire.ASKABLE[data["request"]]
    given: dict[str, Any] = data["arguments"]
    errors: dict[str, Any] = {
        f"arguments.{name}": ["Unknown field."] for name in sorted(given) if name not in cls.fields
    }
    for place, name in enumerate(cls.fields):
        if name not in given:
            if place < cls.needed:
                errors[f"arguments.{name}"] = ["Missing data for required field."]
        elif not _fits(given[name], cls, place):
            errors[f"arguments.{name}"] = ["Not what this field holds."]
    if errors:
        raise Problem(400, "invalid", f"{data['request']}: {_first(errors)}", errors)
    return cls(**given)


def _fits(value: Any, cls: type[Request], place: int) -> bool:
    if not isinstance(value, cls.kinds[place]):
        return False
    return place not in cls.texts or all(isinstance(each, str) for each in value or ())


def _first(errors: Mapping[str, Any]) -> str:
    name, sentences = next(iter(errors.items()))
    return f"{name}: {sentences[0]}"
