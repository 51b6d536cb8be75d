"""Files that commands export to and import from; `-` is standard output or input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tradewind.cli.errors import CommandError

STANDARD = Path("-")


def write_json(path: Path, value: Any, *, what: str) -> None:
    """Write a value as JSON, readable for this user only where the file is new, and say so on stderr.

    Arguments:
        what: what it is, such as `3 pools`.
    Raises:
        CommandError: the file cannot be written.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if path == STANDARD:
        sys.stdout.write(text)
        return
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.", error_id="file-unwritable") from error
    print(f"{what} written to {path}.", file=sys.stderr)


def read_object(path: Path, what: str) -> dict[str, Any]:
    """Return the object that a JSON or YAML file holds.

    Arguments:
        what: what its keys are, such as `pools`.
    Raises:
        CommandError: it cannot be read, or holds something else; the message names file and line.
    """
    value = _read(path)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise CommandError(
            f"{path} holds no object with the {what} by name, but a {type(value).__name__}.", error_id="file-invalid"
        )
    return value


def read_list(path: Path, what: str) -> list[Any]:
    """Return the list that a JSON or YAML file holds; see `read_object`."""
    value = _read(path)
    if not isinstance(value, list):
        raise CommandError(f"{path} holds no list of {what}, but a {type(value).__name__}.", error_id="file-invalid")
    return value


def _read(path: Path) -> Any:
    try:
        text = sys.stdin.read() if path == STANDARD else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}.", error_id="file-unreadable") from error
    return _parsed(path, text)


def _parsed(path: Path, text: str) -> Any:
    if path.suffix in {".yaml", ".yml"}:
        # Only for YAML files: 30 ms that the others need not spend
        import yaml  # noqa: PLC0415

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise CommandError(f"{path} is no YAML: {' '.join(str(error).split())}", error_id="file-invalid") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(f"{path} is no JSON: {error}", error_id="file-invalid") from error
