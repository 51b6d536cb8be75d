"""Replacing secrets by stars in what a task logs. Done in the supervisor, so that no user code can print them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

STARS = b"***"
SHORTEST = 3
LONGEST_PARTIAL = 65_536
SENSITIVE = re.compile(
    r"passw|passphrase|secret|token|api_?key|access_?key|private_?key|authorization|credential|keyfile|service_account",
    re.IGNORECASE,
)


def is_sensitive(name: str) -> bool:
    """Tell whether a variable or a key of a connection's extra of this name holds a secret."""
    return SENSITIVE.search(name) is not None


def connection_secrets(fields: Mapping[str, Any]) -> list[str]:
    """Return the texts to mask of a connection: its password, and what its extra holds under sensitive names."""
    found = [fields["password"]] if fields.get("password") else []
    try:
        extra = json.loads(fields.get("extra") or "null")
    except ValueError:
        return [*found, str(fields["extra"])]
    return [*found, *_sensitive_leaves(extra)]


def secrets_of_rows(table: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the texts to mask of rows of a table: of connections, and of variables with sensitive keys."""
    if table == "connection":
        return [text for row in rows for text in connection_secrets(row)]
    if table == "variable":
        return [row["value"] for row in rows if row["value"] and is_sensitive(row["key"])]
    return []


def _sensitive_leaves(value: Any, *, sensitive: bool = False) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _sensitive_leaves(each, sensitive=sensitive or is_sensitive(str(key)))
    elif isinstance(value, list):
        for each in value:
            yield from _sensitive_leaves(each, sensitive=sensitive)
    elif sensitive and isinstance(value, str):
        yield value


class Masker:
    """Masks a stream of log bytes, line by line.

    A line is passed on when it is complete; one that grows beyond 64 KiB is passed on in parts, which keep back as much
    as
    the longest secret needs.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self._longest = 0
        self._partial = b""

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these texts from now on; texts of fewer than 3 characters are left, as they would star out every line."""
        new = {form for secret in secrets for form in _forms(secret)} - self._secrets
        if not new:
            return
        self._secrets |= new
        longest_first = sorted((each.encode() for each in self._secrets), key=lambda each: (-len(each), each))
        self._longest = len(longest_first[0])
        self._pattern = re.compile(b"|".join(re.escape(each) for each in longest_first))

    def clean(self, text: str) -> str:
        """Return one whole text with its secrets masked."""
        return text if self._pattern is None else self._mask(text.encode(errors="replace")).decode(errors="replace")

    def clean_bytes(self, data: bytes) -> bytes:
        """Return whole lines with their secrets masked, apart from the stream."""
        return self._mask(data)

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the log and return what can be written of it, masked."""
        data = self._partial + data
        end = data.rfind(b"\n") + 1
        if len(data) - end > LONGEST_PARTIAL:
            end = self._uncut(data, len(data) - self._longest)
        self._partial = data[end:]
        return self._mask(data[:end])

    def finish(self) -> bytes:
        """Return the rest, masked."""
        rest, self._partial = self._partial, b""
        return self._mask(rest)

    def _mask(self, data: bytes) -> bytes:
        return data if self._pattern is None else self._pattern.sub(STARS, data)

    def _uncut(self, data: bytes, end: int) -> int:
        """Return the last place up to `end` that cuts no secret in two."""
        if self._pattern is not None:
            for match in self._pattern.finditer(data, max(0, end - self._longest)):
                if match.start() < end < match.end():
                    return match.start()
        return end


def _forms(secret: str) -> set[str]:
    """Return the texts as which a secret may show: itself, its lines, as part of JSON, in a URL."""
    lines = [line.strip() for line in secret.splitlines()]
    whole = {secret.strip(), *(line for line in lines if len(line) > 7)}
    forms = {form for each in whole for form in (each, json.dumps(each)[1:-1], quote(each, safe=""), quote_plus(each))}
    return {form for form in forms if len(form) >= SHORTEST and "\n" not in form}
