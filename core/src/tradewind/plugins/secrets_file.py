"""Connections and variables in files: a secrets backend, and the formats, which are Airflow's.

JSON and YAML hold an object: id -> URI, or id -> fields. A `.env` file holds lines ID=URI, or ID=JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindConfigException

FORMATS: Final = ("json", "yaml", "env")
ENDINGS: Final = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "env"}


def format_of(path: str) -> str | None:
    """Return the format that a file's name says, None where it says none."""
    return ENDINGS.get(Path(path).suffix.lower() or Path(path).name.lower())


def parsed(text: str, style: str) -> Any:
    """Return what a file's text holds.

    Arguments:
        style: one of `FORMATS`.
    Raises:
        ValueError: it is not of that format.
    """
    parsers: Mapping[str, Callable[[str], Any]] = {"json": json.loads, "yaml": _from_yaml, "env": _from_env}
    return parsers[style](text)


def as_text(value: Any) -> str:
    """Return the text of one entry: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


class FileBackend(SecretsBackend):
    """Answers from files, which are read again when they have changed.

    Arguments:
        connections_file_path: of connections by id; a URI, or fields.
        variables_file_path: of variables by key.
    Raises:
        TradewindConfigException: when asked: a file is not there, or is not what its name says.
    """

    is_local = True

    def __init__(self, connections_file_path: str | None = None, variables_file_path: str | None = None) -> None:
        for path in filter(None, (connections_file_path, variables_file_path)):
            if format_of(path) is None:
                raise TradewindConfigException(
                    f"the secrets backend 'file' cannot tell the format of {path}: name it .json, .yaml or .env"
                )
        self._paths = {"connections": connections_file_path, "variables": variables_file_path}
        self._read: dict[str, tuple[tuple[int, int, int], Mapping[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._paths})"

    def get_conn_value(self, conn_id: str) -> str | None:
        """See `SecretsBackend.get_conn_value`."""
        return self._entry("connections", conn_id)

    def get_connection(self, conn_id: str) -> Connection | None:
        """See `SecretsBackend.get_connection`."""
        text = self.get_conn_value(conn_id)
        return None if text is None else Connection.parse(text, conn_id)

    def get_variable(self, key: str) -> str | None:
        """See `SecretsBackend.get_variable`."""
        return self._entry("variables", key)

    def _entry(self, kind: str, name: str) -> str | None:
        path = self._paths[kind]
        if not path:
            return None
        found = self._content(path)
        return as_text(found[name]) if name in found else None

    def _content(self, path: str) -> Mapping[str, Any]:
        """Return what a file holds, read anew only where it is another one than before."""
        try:
            stat = os.stat(path)  # noqa: PTH116 - as cheap as can be: it is done for every question
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._read.get(path)
            if known is not None and known[0] == mark:
                return known[1]
            found = parsed(Path(path).read_text(encoding="utf-8-sig"), format_of(path) or "json")
        except OSError as error:
            raise TradewindConfigException(f"the secrets file {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            # The parser's own words may hold a secret
            raise TradewindConfigException(f"the secrets file {path} is not what its name says") from error
        if not isinstance(found, dict):
            raise TradewindConfigException(f"the secrets file {path} must hold an object, one entry for each name")
        self._read[path] = (mark, found)
        return found


def _from_env(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.strip().partition("=")
        if not separator or not name.strip():
            raise ValueError(f"line {number} is not ID=URI")
        if name.strip() in found:
            raise ValueError(f"line {number} has the connection {name.strip()!r} for the second time")
        found[name.strip()] = value.strip()
    return found


def yaml_library() -> Any:
    """Return the YAML library, imported only for YAML: 30 ms that the other formats need not spend."""
    import yaml  # noqa: PLC0415

    return yaml


def _from_yaml(text: str) -> Any:
    yaml = yaml_library()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
