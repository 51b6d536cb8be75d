"""Answers that are not of one shape, or not JSON at all."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from tradewind.api.schemas.common import Schema


def as_json(answer: type[Schema], result: Any) -> Response:
    """Return a result in the shape of a schema."""
    return Response(json.dumps(answer().dump(result)), mimetype="application/json")
