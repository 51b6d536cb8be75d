"""Answers that are not of one shape, or not JSON at all."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request

from tradewind.api.schemas.common import Schema


def as_json(answer: type[Schema], result: Any) -> Response:
    """Return a result in the shape of a schema."""
    return Response(json.dumps(answer().dump(result)), mimetype="application/json")


def is_text_wanted() -> bool:
    """Tell whether whoever asks prefers plain text to JSON; `plain/text` is what Airflow's client calls it."""
    found = request.accept_mimetypes.best_match(["application/json", "text/plain", "plain/text"], "application/json")
    return found != "application/json"


def source(text: str) -> Response:
    """Return the source of a file, as JSON or as it is."""
    if is_text_wanted():
        return Response(text, mimetype="text/plain")
    return Response(json.dumps({"content": text}), mimetype="application/json")
