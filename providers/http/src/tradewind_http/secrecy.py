"""What may not be shown: logins and tokens in URLs and headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

__all__ = ["is_secret", "reason_of", "without_secrets"]

_SECRET = re.compile(
    r"auth|api.?key|(^|[^a-z])key($|[^a-z])|token|secret|passw|credential|cookie|session|signature|(^|[^a-z])sig($|[^a-z])",
    re.IGNORECASE,
)
_WHO = re.compile(r"^(<[^>]*>|[A-Za-z]*Connection(Pool)?\([^)]*\)): ")
_LONGEST_WAY = 10


def is_secret(name: str) -> bool:
    """Whether a header or a parameter of this name holds something that may not be shown."""
    return _SECRET.search(name) is not None


def without_secrets(url: str) -> str:
    """Return a URL without login and fragment, with stars in place of parameters that look like secrets."""
    parts = urlsplit(url)
    if "@" not in parts.netloc and not parts.query and not parts.fragment:
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = "&".join(f"{quote(name)}={'***' if is_secret(name) else quote(value)}" for name, value in pairs)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, shown, ""))


def reason_of(error: BaseException) -> str:
    """Return what lies at the bottom of an error of requests, whose own text repeats the URL with its secrets."""
    for _ in range(_LONGEST_WAY):
        inner = _inner(error)
        if inner is None:
            break
        error = inner
    text = _WHO.sub("", " ".join(str(error).split()))
    return text or type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    candidates: list[Any] = [getattr(error, "reason", None), *reversed(error.args)]
    return next((each for each in candidates if isinstance(each, BaseException)), None)
