"""Connections in files, in Airflow's formats: JSON and YAML (id -> fields, or id -> URI) and `.env` (ID=URI or ID=JSON)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradewind_plugins.connection import Connection

from tradewind.cli.errors import CommandError
from tradewind.plugins.secrets_file import as_text, parsed, yaml_library


def written(connections: Sequence[Connection], style: str, *, as_uri: bool) -> str:
    """Return connections as the text of a file. It holds their secrets.

    Arguments:
        style: `json`, `yaml` or `env`.
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
    try:
        data = parsed(text, style)
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
        return Connection.parse(as_text(value), str(conn_id))
    except (ValueError, TypeError) as error:
        raise CommandError(
            f"{path}: connection {conn_id!r} cannot be read: {error}", error_id="connection-invalid"
        ) from error


def _yaml(data: Mapping[str, Any]) -> str:
    text: str = yaml_library().safe_dump(data, sort_keys=False, allow_unicode=True)
    return text
