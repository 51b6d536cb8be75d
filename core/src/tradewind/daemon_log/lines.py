"""What a line of the daemons' log looks like: text for people, or a JSON object for machines. Secrets are masked in both."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from tradewind.daemon_log.about import fields_of, in_words

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
MOMENT = "%Y-%m-%dT%H:%M:%S"
STARS = "***"


class _Process:
    """What the formatters of this process know, also those that a configuration of one's own names."""

    kind: str = ""
    secrets: Sequence[str] = ()


def tell_formatters(kind: str, secrets: Sequence[str]) -> None:
    """Set what every line of this process has, and what none may have.

    Arguments:
        kind: of process, such as `scheduler`.
        secrets: texts that are replaced by stars.
    """
    _Process.kind = kind
    # Longest first: one secret may be a part of another
    _Process.secrets = sorted(set(secrets), key=len, reverse=True)


def masked(text: str) -> str:
    """Return a text without the secrets of this process's configuration."""
    for secret in _Process.secrets:
        text = text.replace(secret, STARS)
    return text


class TextLines(logging.Formatter):
    """Lines of text; one about a DAG, a run or a task says so behind its message."""

    def __init__(self) -> None:
        super().__init__(LINE, datefmt=MOMENT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        """See `logging.Formatter.formatMessage`."""
        return super().formatMessage(record) + in_words(fields_of(record))

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return masked(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            "process": _Process.kind,
            "pid": record.process,
            **fields_of(record),
        }
        if record.exc_info:
            line["exception"] = masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = masked(self.formatStack(record.stack_info))
        return json.dumps({name: value for name, value in line.items() if value != ""}, ensure_ascii=False, default=str)


class Masking(logging.Formatter):
    """Another formatter's lines, without the secrets.

    Arguments:
        inner: that formatter; None is logging's own.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return masked(self._inner.format(record))


FORMATS: dict[str, type[TextLines] | type[JsonLines]] = {"text": TextLines, "json": JsonLines}
