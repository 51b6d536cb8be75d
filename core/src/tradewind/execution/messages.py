"""The messages between a worker's supervisor, its warm parents and the processes of tasks, as data.

On the wire a message is a JSON list: its name, then its fields in order. JSON, never pickle: what a task's process
sends is
read by the supervisor. Instants are integers, microseconds since 1970 in UTC.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, astuple, dataclass, fields
from typing import Any, ClassVar, NoReturn, TypeVar

_BY_NAME: dict[str, type[Message]] = {}
_KINDS: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "Any": object,
    "None": type(None),
    "bool": bool,
    "dict": dict,
    "float": (int, float),
    "int": int,
    "list": list,
    "str": str,
    "tuple": list,  # JSON knows lists only
}
SomeMessage = TypeVar("SomeMessage", bound="type[Message]")


class Message:
    """Base of all messages; `wire` is the name that stands first on the wire."""

    __slots__ = ()
    wire: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    kinds: ClassVar[tuple[Any, ...]]
    texts: ClassVar[tuple[int, ...]]
    needed: ClassVar[int]


def message(cls: SomeMessage) -> SomeMessage:
    """Enter a message class in the table that `decode` reads."""
    cls.wire = cls.__name__
    declared = fields(cls)  # type: ignore[arg-type]
    cls.fields = tuple(each.name for each in declared)
    cls.kinds = tuple(_kinds(str(each.type)) for each in declared)
    cls.texts = tuple(place for place, each in enumerate(declared) if "[str" in str(each.type))
    cls.needed = sum(each.default is MISSING for each in declared)
    _BY_NAME[cls.wire] = cls
    return cls


def _kinds(annotation: str) -> tuple[Any, ...]:
    """Return the types that a field's value may have as it comes off the wire."""
    found: list[Any] = []
    for each in annotation.split(" | "):
        kind = _KINDS[each.partition("[")[0]]
        found += kind if isinstance(kind, tuple) else [kind]
    return tuple(found)


def encode(item: Message) -> bytes:
    """Return the JSON bytes of a message."""
    return _ENCODER.encode([item.wire, *[getattr(item, name) for name in item.fields]]).encode()


def decode(data: bytes) -> Message:
    """Return the message that `encode` wrote.

    Raises:
        ValueError: the bytes are not one of the messages of this module, with values of its types.
    """
    try:
        name, *values = _DECODER.decode(data.decode())
        cls = _BY_NAME[name]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_message(data) from error
    if not cls.needed <= len(values) <= len(cls.fields) or not all(map(isinstance, values, cls.kinds)):
        raise _no_message(data)
    for place in cls.texts:
        if place < len(values) and not all(isinstance(each, str) for each in values[place] or ()):
            raise _no_message(data)
    return cls(*values)


def _no_message(data: bytes) -> ValueError:
    return ValueError(f"not a message of this version of Tradewind: {data[:80]!r}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of a message")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _plain(value: Any) -> Any:
    """Write nested values (XComs in an `Ended`) as lists of their fields."""
    return list(astuple(value))


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)


# --- The supervisor to the zygote and to warm parents (packets, with descriptors) ------------------------------------


@message
@dataclass(frozen=True, slots=True)
class OpenParent(Message):
    """Fork a warm parent for one version's code; comes with its control socket and its socket of starts."""

    name: str
    root: str
    path: str
    import_memory: int
    live_folder: str = ""


@message
@dataclass(frozen=True, slots=True)
class StartCold(Message):
    """Fork a process that imports the code itself; comes with the task's channel and log pipe."""


@message
@dataclass(frozen=True, slots=True)
class StartWarm(Message):
    """Taken by the parent's waiting child; comes with the task's channel and log pipe."""


@message
@dataclass(frozen=True, slots=True)
class Retire(Message):
    """Fork no more, and exit when the last child has ended."""


@message
@dataclass(frozen=True, slots=True)
class ParentReady(Message):
    """The code is imported. `hazards` are what it left that a forked process must not share: with any, none is forked."""

    pid: int
    seconds: float
    hazards: list[str]


@message
@dataclass(frozen=True, slots=True)
class ParentFailed(Message):
    """The code could not be imported: one sentence, and the traceback."""

    error: str
    trace: str


@message
@dataclass(frozen=True, slots=True)
class ChildExited(Message):
    """A forked process was reaped; `status` is what waitpid returned."""

    pid: int
    status: int


# --- The supervisor to a task's process ------------------------------------------------------------------------------


@message
@dataclass(frozen=True, slots=True)
class Start(Message):
    """Everything a task's process needs to run one try, so that it has nothing to ask.

    `isolation` is `fork` or `fresh`; `memory_limit` are bytes that it may add (0: no limit); values of more than `inline`
    bytes of JSON go through the folder `spool`, where that is not empty; `live_folder` is where DAG files are edited.
    A try that was deferred goes on with `resume`: method, its arguments as JSON, how its trigger ended, what that found;
    `began_at` is its first start.
    With a `callback` it is not the try that is run: the callbacks of its end, or of its run's, are called (`callback_run`).
    """

    instance: int
    token: int
    try_number: int
    max_tries: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    run: int
    run_type: str
    logical_date: int | None
    data_interval_start: int | None
    data_interval_end: int | None
    run_started_at: int | None
    conf: str
    version_id: int
    source_hash: str
    root: str
    path: str
    waiting_since: int | None = None
    hostname: str = ""
    live_folder: str = ""
    isolation: str = "fork"
    memory_limit: int = 0
    spool: str = ""
    inline: int = 0
    conf_overrides_params: bool = True
    resume: list[Any] | None = None
    began_at: int | None = None
    callback: dict[str, Any] | None = None


@message
@dataclass(frozen=True, slots=True)
class Reply(Message):
    """The answer to a request; `error` is a sentence, and `missing` says that the thing asked for does not exist."""

    value: Any = None
    error: str | None = None
    missing: bool = False


# --- A task's process to the supervisor ------------------------------------------------------------------------------


@message
@dataclass(frozen=True, slots=True)
class Hello(Message):
    """The first message of a task's process: which process it is. Without it no user code has begun."""

    pid: int


@message
@dataclass(frozen=True, slots=True)
class Timeout(Message):
    """The task has an execution timeout of so many seconds: the supervisor is its backstop."""

    seconds: float


@message
@dataclass(frozen=True, slots=True)
class Mask(Message):
    """Replace these texts by stars in everything that is logged from now on."""

    secrets: list[str]


@message
@dataclass(frozen=True, slots=True)
class Ended(Message):
    """How the user's code ended, as `transitions.values.Outcome` says it. `xcoms` are lists of `XComValue`'s fields,
    `events` of `AssetNews`'s.

    `defer` is what a deferred try waits for: the trigger's class and arguments, the method and its arguments (JSON both),
    the try's first start, and whether the class comes with the version's sources. `label` is what the instance is called.
    """

    state: str
    started_at: int
    ended_at: int
    retry: bool = True
    due_at: int | None = None
    skip: tuple[str, ...] | list[str] = ()
    skip_all: bool = False
    xcoms: list[Any] | tuple[Any, ...] = ()
    cause: str | None = None
    events: list[Any] | tuple[Any, ...] = ()
    defer: list[Any] | None = None
    raised: tuple[str, ...] | list[str] | None = None
    label: str | None = None


@message
@dataclass(frozen=True, slots=True)
class Called(Message):
    """A callable of a callback was called and has returned; `place` is where it stands in the callback's names."""

    place: int


class Request(Message):
    """A message that waits for a `Reply`; a process sends one at a time."""

    __slots__ = ()


@message
@dataclass(frozen=True, slots=True)
class PushXCom(Request):
    """Store one value of the running task; fields as `XComValue` has them."""

    key: str
    value: str | None
    type: str
    size: int
    length: int | None = None
    storage: str | None = None
    wanted: str | None = None


@message
@dataclass(frozen=True, slots=True)
class PullXCom(Request):
    """Read what tasks of a run pushed under a key; None: what each pushed last, under whatever key.

    The reply is a list of [task_id, map_index, value as JSON or None, reference of its file in the spool or None].
    """

    task_ids: list[str]
    key: str | None
    map_indexes: list[int] | None = None
    dag_id: str | None = None
    run_id: str | None = None


@message
@dataclass(frozen=True, slots=True)
class ReadAssetEvents(Request):
    """Read a page of events of assets; the reply's value is a dict: `rows`, each a dict, and `total`.

    `of` is `run` (those that the running task's run was made from), `asset` or `alias`; `name` is its URI or name.
    """

    of: str
    name: str
    after: int = 0


@message
@dataclass(frozen=True, slots=True)
class GetVariable(Request):
    """Read a variable; the reply's value is its text, None when there is none."""

    key: str


@message
@dataclass(frozen=True, slots=True)
class SetVariable(Request):
    """Create or replace a variable."""

    key: str
    value: str
    description: str | None = None


@message
@dataclass(frozen=True, slots=True)
class GetConnection(Request):
    """Read a connection; the reply's value is a dict of its fields."""

    conn_id: str


@message
@dataclass(frozen=True, slots=True)
class ReadTable(Request):
    """Read a page of a table that DAG code may look at, narrowed by the values and instants that columns may have.

    The reply's value is a dict: `rows`, each a dict, and `after`, to be sent for the next page; None after the last.
    """

    table: str
    equal: dict[str, list[Any]]
    between: dict[str, list[Any]]
    after: list[Any] | None = None
    without: list[str] | tuple[str, ...] = ()


@message
@dataclass(frozen=True, slots=True)
class TriggerRun(Request):
    """Make a run of a DAG; `conf` is JSON, `reset` clears a run of that name that is there already.

    The reply's value is a dict: `run_id`, `logical_date`, `state`, and `is_made`: whether it is this try's own.
    """

    dag_id: str
    run_id: str | None
    logical_date: int
    conf: str = "{}"
    reset: bool = False


@message
@dataclass(frozen=True, slots=True)
class LastSuccess(Request):
    """Return the last successful run of a DAG before a logical date: its id and moments, or None."""

    dag_id: str
    before: int


@message
@dataclass(frozen=True, slots=True)
class LookAtRuns(Request):
    """Tell how the runs of a DAG at these logical dates stand, or what tasks of them do, or those of a group.

    With `checks` the DAG, the tasks and the group must be there. The reply's value is a list of
    [logical date, state of the run, task_id or None, state of instances or None, how many there are].
    """

    dag_id: str
    logical_dates: list[int]
    task_ids: list[str] | None = None
    group_id: str | None = None
    checks: bool = False


@message
@dataclass(frozen=True, slots=True)
class Maintain(Request):
    """Remove a batch of what is over, at most `most` rows of a kind; only DAGs that come with Tradewind may.

    `after` is where to go on: empty at first, then what the reply said. With `dry_run` nothing is removed, but counted.
    `dag_id` narrows it to a DAG; `keep_days` and `keep_runs` stand in place of the settings for runs. The reply's value is a
    dict: `removed` (kind: DAG: number), `kept` (kind: DAG: reason: number), and `after`, None at the end.
    """

    kind: str
    most: int
    dry_run: bool
    after: str = ""
    dag_id: str | None = None
    keep_days: float | None = None
    keep_runs: int | None = None


@message
@dataclass(frozen=True, slots=True)
class GetSetting(Request):
    """Read a setting as text; the reply's value is None when it is not set."""

    section: str
    key: str


# --- A triggerer and its processes that run triggers ------------------------------------------------------------------


@message
@dataclass(frozen=True, slots=True)
class RunTrigger(Message):
    """Run a trigger under a number; `start` are the fields of a `Start`, `kwargs` are JSON. One that `watches` has any
    number of events.
    """

    key: int
    classpath: str
    kwargs: str
    start: list[Any]
    watches: bool = False


@message
@dataclass(frozen=True, slots=True)
class DropTrigger(Message):
    """Cancel a trigger: nobody waits for it any more."""

    key: int


@message
@dataclass(frozen=True, slots=True)
class TriggerFired(Message):
    """How a trigger ended, as `TriggerEnd` has it, and what it found as JSON."""

    key: int
    how: str
    found: str


@message
@dataclass(frozen=True, slots=True)
class TriggerSaid(Message):
    """A line of a trigger's log."""

    key: int
    text: str


@message
@dataclass(frozen=True, slots=True)
class TriggerBlocks(Message):
    """The loop has stood still for so many seconds, at a place in the code of a trigger (key 0: of none)."""

    key: int
    seconds: float
    place: str


@message
@dataclass(frozen=True, slots=True)
class OnBehalfOf(Message):
    """What follows is asked by this trigger."""

    key: int


@message
@dataclass(frozen=True, slots=True)
class Beat(Request):
    """Ask whether to go on; the reply's error says why not."""
