"""Answers that are not of one shape, or not JSON at all."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from tradewind.api.schemas.common import Schema
from tradewind.operations.following import Following


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
