"""What calls bring and what they are answered with: checked here, and documented from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from tradewind.execution.http.wire import ASKABLE
from tradewind.transitions.states import TaskState

LARGEST_ID: Final = 2**63 - 1
LARGEST_NUMBER: Final = 2**31 - 1
EARLIEST: Final = -62_135_596_800_000_000
LATEST: Final = 253_402_300_799_000_000
NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
MOST_TRIES: Final = 10_000
STATES: Final = tuple(
    str(each)
    for each in (
        TaskState.SUCCESS,
        TaskState.FAILED,
        TaskState.SKIPPED,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.DEFERRED,
    )
)


class Text(fields.String):
    """Text that every database takes."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **rest: Any) -> str:
        found: str = super()._deserialize(value, attr, data, **rest)
        if NOT_STORABLE.search(found):
            raise ValidationError("Has a character that cannot be stored.")
        return found


class Truth(fields.Boolean):
    """True or false, and no words for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **rest: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a valid boolean.")
        return value


def _id(doc: str, **options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(0, LARGEST_ID), metadata={"description": doc}, **options)


def _number(doc: str, least: int = 0, most: int = LARGEST_NUMBER, **options: Any) -> fields.Integer:
    ranged = validate.Range(least, most)
    return fields.Integer(strict=True, validate=ranged, metadata={"description": doc}, **options)


def _instant(doc: str, **options: Any) -> fields.Integer:
    ranged = validate.Range(EARLIEST, LATEST)
    return fields.Integer(strict=True, validate=ranged, metadata={"description": f"{doc} (µs since 1970)"}, **options)


def _text(doc: str, most: int | None = None, **options: Any) -> Text:
    checks = None if most is None else validate.Length(max=most)
    return Text(validate=checks, metadata={"description": doc}, **options)


class Strict(Schema):
    """A body: what is not named here is refused."""

    class Meta:
        """See marshmallow."""

        unknown = RAISE


class TryField(fields.Tuple):
    """A dispatch of a try: instance and token.

    Arguments:
        least: the smallest instance; callbacks stand below zero.
    """

    def __init__(self, least: int = 0) -> None:
        instance = fields.Integer(strict=True, required=True, validate=validate.Range(least, LARGEST_ID))
        super().__init__((instance, _number("token", required=True)))


def _tries(doc: str, *, least: int = 0, **options: Any) -> fields.List[Any]:
    return fields.List(
        TryField(least), validate=validate.Length(max=MOST_TRIES), metadata={"description": doc}, **options
    )


class XComSchema(Strict):
    """A value that a task pushes, already JSON."""

    key = _text("its key", 512, required=True)
    value = _text("JSON; null where the value was sent as bytes", allow_none=True, required=True)
    type = _text("what it was before it was JSON", 100, required=True)
    size = _number("bytes of JSON", most=LARGEST_ID, required=True)
    length = _number("of a list or dict", allow_none=True, load_default=None)
    storage = _text("the handle of a value that was sent as bytes", allow_none=True, load_default=None)
    wanted = _text("the XCom storage that its task wants, by name", 100, allow_none=True, load_default=None)


class AssetNewsSchema(Strict):
    """New data in an asset."""

    asset = _text("the asset, as JSON", required=True)
    extra = _text("of the event, as JSON", load_default="{}")
    alias = _text("by which the task named the asset", allow_none=True, load_default=None)


class DeferralSchema(Strict):
    """What a deferred try waits for."""

    classpath = _text("of the trigger", required=True)
    kwargs = _text("its arguments, as JSON", required=True)
    method = _text("that the task goes on with", required=True)
    method_kwargs = _text("its arguments, as JSON", required=True)
    began_at = _instant("the try's first start", required=True)
    source_hash = _text("of the sources that the trigger comes with", 64, allow_none=True, load_default=None)


class OutcomeSchema(Strict):
    """How one try ended."""

    instance = _id("the task instance", required=True)
    token = _number("which dispatch of it", required=True)
    state = Text(validate=validate.OneOf(STATES), required=True, metadata={"description": "how"})
    ended_at = _instant("when", required=True)
    started_at = _instant("when its code began", allow_none=True, load_default=None)
    retry = Truth(load_default=True, metadata={"description": "with `failed`: whether another try may follow"})
    due_at = _instant("when to look again", allow_none=True, load_default=None)
    skip = fields.List(_text("a task id"), load_default=list, metadata={"description": "tasks to skip"})
    skip_all = Truth(load_default=False, metadata={"description": "skip all that is downstream of them"})
    xcoms = fields.List(fields.Nested(XComSchema), load_default=list)
    cause = _text("one line that says why it did not succeed", 2000, allow_none=True, load_default=None)
    exit_code = _number("of its process", least=-LARGEST_NUMBER, allow_none=True, load_default=None)
    events = fields.List(fields.Nested(AssetNewsSchema), load_default=list)
    deferral = fields.Nested(DeferralSchema, allow_none=True, load_default=None)
    raised = fields.List(
        _text("class, text, traceback, arguments"),
        validate=validate.Length(equal=4),
        allow_none=True,
        load_default=None,
        metadata={"description": "what its code raised: class, text, traceback, arguments as JSON"},
    )
    label = _text("what the instance is called", allow_none=True, load_default=None)


def _executor() -> Text:
    return _text("whose tries it runs", 200, required=True)


def _queues() -> fields.List[Any]:
    return fields.List(
        _text("a queue", 200), allow_none=True, required=True, metadata={"description": "queues; null for all"}
    )


class NothingSchema(Strict):
    """An empty object."""


class RegisterSchema(Strict):
    """Announces a worker."""

    executor = _executor()
    queues = _queues()
    slots = _number("tries that it runs at once", least=1, required=True)
    host = _text("its host", 200, required=True)
    pid = _number("its process", required=True)


class ExchangeSchema(Strict):
    """Reports how tries ended, and asks for new ones."""

    executor = _executor()
    queues = _queues()
    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True, validate=validate.Length(max=MOST_TRIES))
    free = _number("slots that are free once the outcomes are recorded", most=MOST_TRIES, required=True)
    nonce = _text("the claim's own name: repeated, it brings the same tries", 36, required=True)
    is_repeated = Truth(required=True, metadata={"description": "whether the nonce was sent before"})
    missing = _tries("tries that are this worker's, of which it was never told", required=True)


class RenewSchema(Strict):
    """Renews the worker's lease."""

    passes = _tries(
        "tries (callbacks: their id below zero) whose passes are to be renewed", least=-LARGEST_ID, required=True
    )


class ClaimCallbacksSchema(Strict):
    """Asks for callbacks that are due."""

    most = _number("how many", most=1000, required=True)


class ReportCallbackSchema(Strict):
    """Reports how an attempt to call a callback ended."""

    key = _id("of the callback", required=True)
    token = _number("of its claim", required=True)
    done = fields.List(
        _number("a place"), required=True, metadata={"description": "places in its names that were called"}
    )
    error = _text("what went wrong", allow_none=True, required=True)
    attempts = _number("which attempt it was", required=True)


class LeaveSchema(Strict):
    """Says that the worker has ended and runs nothing."""

    cause = _text("why", 1000, required=True)


class EndSchema(Strict):
    """Reports, by the worker's watcher, that its processes ended."""

    cause = _text("how, one line", 1000, required=True)
    is_evidence = Truth(
        required=True, metadata={"description": "whether tries that are not among `started` never began"}
    )
    started = _tries("tries whose code may have begun, by the journal", required=True)


class AskSchema(Strict):
    """What a running task asks."""

    request = Text(validate=validate.OneOf(sorted(ASKABLE)), required=True, metadata={"description": "its name"})
    arguments = fields.Dict(keys=fields.String(), required=True, metadata={"description": "its fields by name"})


# --- Answers ----------------------------------------------------------------------------------------------------------


class DoneSchema(Strict):
    """It is done."""

    done = Truth(required=True)


class TermsSchema(Strict):
    """What the server's configuration says of all workers; seconds."""

    lease = fields.Float(required=True, metadata={"description": "a lease lasts"})
    renew_every = fields.Float(required=True, metadata={"description": "between two renewals"})
    isolation_grace = fields.Float(
        required=True, metadata={"description": "of silence, after which tries are given up"}
    )
    pass_seconds = fields.Float(required=True, metadata={"description": "the pass of a try is good"})
    callback_seconds = fields.Float(required=True, metadata={"description": "that a callback may take"})


class AnswerSchema(Strict):
    """What became of one outcome."""

    instance = _id("the task instance", required=True)
    token = _number("which dispatch of it", required=True)
    verdict = _text("`recorded`, `already recorded`, or `overtaken` by a newer dispatch", required=True)
    state = _text("of the instance", required=True)


class TicketSchema(Strict):
    """A claimed try."""

    instance = _id("the task instance", required=True)
    token = _number("which dispatch of it", required=True)
    try_number = _number("which try", required=True)
    max_tries = _number("how many there may be", required=True)
    run = _id("the run", required=True)
    dag_id = _text("", required=True)
    run_id = _text("", required=True)
    task_id = _text("", required=True)
    map_index = _number("", least=-1, required=True)
    version_id = _id("the DAG's version", required=True)
    executor = _text("", required=True)
    queue = _text("", required=True)


class RefusalSchema(Strict):
    """A claimed try that cannot be started, and why."""

    ticket = fields.Nested(TicketSchema, required=True)
    cause = _text("a sentence", required=True)


class PassSchema(Strict):
    """The pass of a try, or of a callback (its id below zero)."""

    instance = fields.Integer(required=True, strict=True)
    token = _number("which dispatch or claim", required=True)
    word = _text("what `answer` must carry", data_key="pass", required=True)


class StartSchema(Strict):
    """Everything a try's process needs, but for what its worker knows itself."""

    instance = _id("the task instance", required=True)
    token = _number("which dispatch of it", required=True)
    try_number = _number("which try", required=True)
    max_tries = _number("how many there may be", required=True)
    dag_id = _text("", required=True)
    run_id = _text("", required=True)
    task_id = _text("", required=True)
    map_index = _number("", least=-1, required=True)
    run = _id("the run", required=True)
    run_type = _text("", required=True)
    logical_date = _instant("what the run is about", allow_none=True, required=True)
    data_interval_start = _instant("", allow_none=True, required=True)
    data_interval_end = _instant("", allow_none=True, required=True)
    run_started_at = _instant("", allow_none=True, required=True)
    conf = _text("of the run, as JSON", required=True)
    version_id = _id("the DAG's version", required=True)
    source_hash = _text("names the manifest of its sources", required=True)
    waiting_since = _instant("when a rescheduled sensor's try first looked", allow_none=True, required=True)
    isolation = _text("`fork` or `fresh`; empty: as the worker is set", required=True)
    conf_overrides_params = Truth(required=True)
    resume = fields.List(
        fields.Raw(allow_none=True),
        allow_none=True,
        required=True,
        metadata={
            "description": "what a deferred try goes on with: method, arguments, how its trigger ended, what it found"
        },
    )
    began_at = _instant("the first start of a deferred try", allow_none=True, required=True)
    callback = fields.Dict(
        allow_none=True, required=True, metadata={"description": "the callback to call in its place"}
    )


class ExchangedSchema(Strict):
    """An answer for each outcome, and new tries."""

    answers = fields.List(fields.Nested(AnswerSchema), required=True)
    starts = fields.List(fields.Nested(StartSchema), required=True)
    passes = fields.List(fields.Nested(PassSchema), required=True)
    refusals = fields.List(fields.Nested(RefusalSchema), required=True)
    has_callbacks = Truth(required=True, metadata={"description": "whether callbacks may be due"})


class LeaseSchema(Strict):
    """A renewed lease."""

    worker = _text("whose", required=True)
    is_alive = Truth(required=True, metadata={"description": "whether it still counts as alive"})
    tries = _tries("that are this worker's", required=True)
    passes = fields.List(fields.Nested(PassSchema), required=True)
    has_callbacks = Truth(required=True, metadata={"description": "whether callbacks may be due"})


class ClaimedCallbacksSchema(Strict):
    """Callbacks to be called."""

    starts = fields.List(fields.Nested(StartSchema), required=True)
    passes = fields.List(fields.Nested(PassSchema), required=True)


class EndedSchema(Strict):
    """What was taken from a worker."""

    requeued = fields.List(_id(""), required=True, metadata={"description": "instances that are dispatched again"})
    lost = fields.List(_id(""), required=True, metadata={"description": "instances whose try is lost"})


class ReplySchema(Strict):
    """What a task is answered."""

    value = fields.Raw(allow_none=True, required=True)
    error = _text("a sentence, where there is no answer", allow_none=True, required=True)
    missing = Truth(required=True, metadata={"description": "whether the thing asked for does not exist"})


class AnsweredSchema(Strict):
    """A reply, and the texts to mask in the try's log from now on."""

    reply = fields.Nested(ReplySchema, required=True)
    mask = fields.List(fields.String(), required=True)


class StoredSchema(Strict):
    """A large value that was sent."""

    handle = _text("stands for it in the message that tells of it", required=True)


class WaitedSchema(Strict):
    """How a wait ended."""

    mark = _text("to be sent with the next wait", required=True)
    is_woken = Truth(required=True, metadata={"description": "whether there may be something to claim"})
    has_room = Truth(required=True, metadata={"description": "whether this server let the worker wait"})


class ProblemSchema(Strict):
    """Why a call was refused (RFC 9457)."""

    type = _text("", required=True)
    title = _text("", required=True)
    status = _number("", required=True)
    detail = _text("a sentence", required=True)
    code = _text("names the kind", required=True)
    errors = fields.Dict(metadata={"description": "sentences by field"})
