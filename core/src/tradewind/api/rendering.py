"""Answers that are not of one shape, or not JSON at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, request

from tradewind.api.schemas.common import Schema
from tradewind.api.schemas.logs import token_of
from tradewind.operations.following import Following
from tradewind.operations.task_instances.logs import Logs


def as_json(answer: type[Schema], result: Any) -> Response:
    """Return a result in the shape of a schema."""
    return Response(json.dumps(answer().dump(result)), mimetype="application/json")


def lines(following: Following) -> Response:
    """Return progress as one JSON object a line, each sent when it is known."""
    written = (f"{json.dumps(each)}\n" for each in following.lines)
    response = Response(written, mimetype="application/x-ndjson", headers={"X-Accel-Buffering": "no"})
    # Also where nobody has read the first line, so that the generator has not begun
    response.call_on_close(following.close)
    return response


def is_text_wanted() -> bool:
    """Tell whether whoever asks prefers plain text to JSON; `plain/text` is what Airflow's client calls it."""
    found = request.accept_mimetypes.best_match(["application/json", "text/plain", "plain/text"], "application/json")
    return found != "application/json"


def log(logs: Logs) -> Response:
    """Return logs: as plain text all of them, and as JSON the next part, or all of them where that is asked for.

    What may be of any size is written piece by piece.
    """
    if is_text_wanted():
        return Response(logs.pieces(), mimetype="text/plain")
    if logs.is_whole:
        return Response(_whole_as_json(logs), mimetype="application/json")
    text, place = logs.part()
    body = {"continuation_token": token_of(place), "content": text}
    return Response(json.dumps(body), mimetype="application/json")


def _whole_as_json(logs: Logs) -> Iterator[str]:
    yield '{"content": "'
    for piece in logs.pieces():
        yield json.dumps(piece)[1:-1]
    yield '"}'
