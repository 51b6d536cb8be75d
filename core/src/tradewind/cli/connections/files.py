"""Connections in files, in Airflow's formats: JSON and YAML (id -> fields, or id -> URI) and `.env` (ID=URI or ID=JSON)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tradewind_plugins.connection import Connection

from tradewind.cli.errors import CommandError

FORMATS = ("json", "yaml", "env")
ENDINGS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "env"}


def format_of(path: str) -> str | None:
    """Return the format that a file's name says, None where it says none."""
    return ENDINGS.get(Path(path).suffix.lower() or Path(path).name.lower())


def written(connections: Sequence[Connection], style: str, *, as_uri: bool) -> str:
    """Return connections as the text of a file. It holds their secrets.

    Arguments:
        style: one of `FORMATS`.
        as_uri: each one as a URI, else as its fields.
    """
    if style == "env":
        return "".join(f"{each.conn_id}={each.get_uri() if as_uri else each.as_json()}\n" for each in connections)
    data = {each.conn_id: each.get_uri() if as_uri else json.loads(each.as_json()) for each in connections}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n" if style == "json" else _yaml(data)


def read(path: Path, style: str) -> list[Connection]:
    """Return the connections of a file.

    Raises:
        CommandError: it cannot be read; the message names the file, and the connection where it is one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}", error_id="file-unreadable") from error
    parsers: Mapping[str, Callable[[str], Any]] = {"json": json.loads, "yaml": _from_yaml, "env": _from_env}
    try:
        data = parsers[style](text)
    except ValueError as error:
        raise CommandError(f"{path} is not {style.upper()}: {error}", error_id="file-invalid") from error
    if not isinstance(data, dict):
        raise CommandError(
            f'{path} must hold an object of connections by their ids, such as {{"db": "postgres://…"}}.',
            error_id="file-invalid",
        )
    return [_connection(path, conn_id, value) for conn_id, value in data.items()]


def _connection(path: Path, conn_id: Any, value: Any) -> Connection:
    try:
        text = value if isinstance(value, str) else json.dumps(value)
        return Connection.parse(text, str(conn_id))
    except (ValueError, TypeError) as error:
        raise CommandError(
            f"{path}: connection {conn_id!r} cannot be read: {error}", error_id="connection-invalid"
        ) from error


def _from_env(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        conn_id, separator, value = line.strip().partition("=")
        if not separator or not conn_id.strip():
            raise ValueError(f"line {number} is not ID=URI")
        if conn_id.strip() in found:
            raise ValueError(f"line {number} has the connection {conn_id.strip()!r} for the second time")
        found[conn_id.strip()] = value.strip()
    return found


def _from_yaml(text: str) -> Any:
    # Only for YAML: 30 ms that the other formats need not spend
    import yaml  # noqa: PLC0415

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _yaml(data: Mapping[str, Any]) -> str:
    import yaml  # noqa: PLC0415  (as above)

    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text
