"""Values that people type at the command line: dates, JSON objects, regular expressions."""

from __future__ import annotations

import argparse
import json
import re
from datetime import datetime, timezone
from typing import Any

EXAMPLE = """write it as '{"name": "value"}'"""


def json_object(text: str) -> dict[str, Any]:
    """Return a JSON object, for `type=` of an argument."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}); {EXAMPLE}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text} is no JSON object; {EXAMPLE}")
    return value


def instant(text: str) -> datetime:
    """Return an aware datetime of a date in ISO 8601, UTC where it names no offset; for `type=` of an argument."""
    value = as_instant(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date in ISO 8601, such as 2026-01-31T00:00:00Z")
    return value


def as_instant(text: str) -> datetime | None:
    """Return the aware datetime that `text` is, None when it is no date in ISO 8601."""
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def pattern(text: str) -> re.Pattern[str]:
    """Return a compiled regular expression, for `type=` of an argument."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error


def positive(text: str) -> int:
    """Return a whole number from 1 on, for `type=` of an argument."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)
