"""From how a try's code ended to the outcome that is recorded."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from tradewind.execution.deferrals import deferral_of
from tradewind.execution.instants import moment
from tradewind.execution.messages import Ended, Start
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import AssetNews, Outcome, XComValue

LONGEST_CAUSE = 1000
ENDS = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED}
)
NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
ERROR_ID = re.compile(r" \[[a-z]{1,20}(?:-[a-z]{1,20}){1,4}\]$")
TEXT_OR_NONE: Any = (str, type(None))
XCOM_TYPES: tuple[Any, ...] = (str, TEXT_OR_NONE, str, int, (int, type(None)), TEXT_OR_NONE, TEXT_OR_NONE)

NEWS_TYPES: tuple[Any, ...] = (str, str, (str, type(None)))


def outcome_of(start: Start, ended: Ended) -> Outcome:
    """Return the outcome of a try whose process reported its end.

    Raises:
        TypeError, ValueError, OverflowError: what was reported is not what Tradewind's own code reports.
    """
    if ended.state not in ENDS:
        raise ValueError(f"{ended.state!r} is not how the code of a try ends")
    return Outcome(
        instance=start.instance,
        token=start.token,
        state=ended.state,
        ended_at=moment(ended.ended_at) or datetime.now(timezone.utc),
        started_at=moment(ended.started_at),
        retry=ended.retry,
        due_at=moment(ended.due_at),
        skip=tuple(ended.skip),
        skip_all=ended.skip_all,
        xcoms=tuple(each if isinstance(each, XComValue) else _xcom(each) for each in ended.xcoms),
        cause=ended.cause,
        exit_code=0,
        events=tuple(each if isinstance(each, AssetNews) else _news(each) for each in ended.events),
        deferral=deferral_of(start, ended.defer or ()) if ended.state == TaskState.DEFERRED else None,
        raised=_raised(ended.raised),
        label=ended.label,
    )


def _raised(fields: Any) -> tuple[str, str, str, str] | None:
    if fields is None:
        return None
    kind, text, trace, arguments = fields
    return kind, text, trace, arguments


def _xcom(fields: Any) -> XComValue:
    if not all(map(isinstance, fields, XCOM_TYPES)):
        raise TypeError("this is no XCom")
    return XComValue(*fields)


def _news(fields: Any) -> AssetNews:
    if not all(map(isinstance, fields, NEWS_TYPES)):
        raise TypeError("this is no event of an asset")
    return AssetNews(*fields)


def failure_of(start: Start, cause: str, *, error_id: str, exit_code: int | None = None) -> Outcome:
    """Return the outcome of a try that ended without a word of its own.

    Arguments:
        cause: a sentence without its end.
        error_id: which kind of error that is, of those that have a page.
    """
    now = datetime.now(timezone.utc)
    cause = marked(cause, error_id)
    return Outcome(start.instance, start.token, TaskState.FAILED, now, cause=cause, exit_code=exit_code)


def marked(cause: str, error_id: str) -> str:
    """Return a cause with the id of its kind behind it."""
    return f"{cause} [{error_id}]"


def one_line(text: str) -> str:
    """Return a cause as it is recorded: one line, not too long, of characters that every database takes; its id stays.

    Mask secrets before: a cut may leave half of one.
    """
    line = NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
    found = ERROR_ID.search(line)
    mark = found[0] if found is not None else ""
    return line[: len(line) - len(mark)][: LONGEST_CAUSE - len(mark)] + mark
