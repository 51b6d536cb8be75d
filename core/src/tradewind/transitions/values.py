"""What crosses the border of `transitions`: tickets out, outcomes in, answers out. Frozen values, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to run one try of one task instance: the claim's result, and all that a worker needs to find its code.

    The pair (`instance`, `token`) names the try in every later call; a worker that shows an older token than the row's
    was overtaken.
    """

    instance: int
    token: int
    try_number: int
    max_tries: int
    run: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    version_id: int
    executor: str
    queue: str


@dataclass(frozen=True, slots=True)
class XComValue:
    """One value pushed by a task, already JSON.

    `length` is that of a list or dict, so that expansion reads no value. `wanted` is the name of the XCom storage that the
    task or its DAG wants for it; it counts until the value is put where it stays.
    """

    key: str
    value: str | None
    type: str
    size: int
    length: int | None = None
    storage: str | None = None
    wanted: str | None = None


@dataclass(frozen=True, slots=True)
class AssetNews:
    """New data in an asset, as the success of a try tells of it.

    Arguments:
        asset: the asset's spec (`Asset.to_spec`), as JSON text.
        extra: of the event, as JSON text.
        alias: name of the alias by which the task named the asset.
    """

    asset: str
    extra: str = "{}"
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Deferral:
    """What a deferred try waits for and goes on with.

    Arguments:
        classpath, kwargs: the trigger; its arguments are JSON, encrypted before they are stored.
        method, method_kwargs: the operator's method, and its further arguments in the same way.
        began_at: the first start of this try.
        source_hash: the sources that the trigger's class comes from; None where it is installed.
    """

    classpath: str
    kwargs: str
    method: str
    method_kwargs: str
    began_at: datetime
    source_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended, as its worker reports it.

    Arguments:
        state: `success`, `failed`, `skipped`, `up_for_reschedule`, `deferred`, `lost` (the process vanished; evidence says it
            ended), or
            `never_started` (evidence says that the user's code did not begin: the same try is dispatched again).
        retry: with `failed`: whether another try may follow (false for TradewindFailException).
        due_at: with `up_for_reschedule`: when to look again; with `deferred`: when it is waited for no longer, if ever.
        skip: task ids to skip (branch, short circuit); `skip_all` makes the skip hold for all tasks downstream of those
            named, whatever their trigger rule.
        xcoms: values to store in the same transaction.
        cause: one line saying why it did not succeed.
        events: new data in assets, with `success`.
        deferral: with `deferred`: what it waits for.
        raised: what its code raised, where a callback is to be told: the class as `module:name`, the text, the
            traceback, the arguments as JSON.
        label: what the instance is called, from its `map_index_template`.
    """

    instance: int
    token: int
    state: str
    ended_at: datetime
    started_at: datetime | None = None
    retry: bool = True
    due_at: datetime | None = None
    skip: tuple[str, ...] = ()
    skip_all: bool = False
    xcoms: tuple[XComValue, ...] = ()
    cause: str | None = None
    exit_code: int | None = None
    events: tuple[AssetNews, ...] = ()
    deferral: Deferral | None = None
    raised: tuple[str, str, str, str] | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one outcome: `recorded`, `already recorded` (the same report again), or `overtaken` by a newer
    token.
    """

    instance: int
    token: int
    verdict: str
    state: str


@dataclass(frozen=True, slots=True)
class Claimer:
    """A worker that asks for work in the transaction that ends its tasks: what it may run, and how much more.

    Arguments:
        worker: id of its row in `daemon`.
        free: slots it has free once the outcomes given along are ended.
        queues: queues it serves, None for all.
        nonce: this claim's own name; asked again with the same nonce, the same tickets come back.
    """

    worker: str
    executor: str
    free: int
    nonce: str
    queues: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class EndResult:
    """What a batch of ends brought about.

    Arguments:
        answers: one for each outcome, in their order.
        tickets: tries handed over to, or claimed for, the caller's worker; they are running now and must be started.
        ready: executors that have newly queued tasks (to be woken), or the scheduler (`scheduled` rows not admitted
            yet).
        closed_runs: runs that ended, with their states.
        has_callbacks: whether callbacks of tasks or DAGs are owed now that were not before.
    """

    answers: tuple[Answer, ...]
    tickets: tuple[Ticket, ...] = ()
    wake: frozenset[str] = frozenset()
    closed_runs: Mapping[int, str] = field(default_factory=dict)
    has_callbacks: bool = False
