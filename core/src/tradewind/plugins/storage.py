"""The catalogue on disk, so that a process that starts reads one file and imports no plugin."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tradewind.plugins.catalogue import Catalogue, Entry, Plugin, Stamp
from tradewind.plugins.fingerprint import is_current

FORMAT = 1


def read(path: Path, key: str) -> Catalogue | None:
    """Return the stored catalogue, or None where there is none, or one of another key, or a plugin's file changed."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None  # absent, or of another time: it is made anew
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("key") != key:
        return None
    catalogue = _from_json(data)
    current = all(stamp is None or is_current(stamp) for stamp in catalogue.stamps)
    return catalogue if current else None


def write(path: Path, key: str, catalogue: Catalogue) -> None:
    """Store a catalogue; readers see the old file or the new one, never a part.

    Raises:
        OSError: the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps({"format": FORMAT, "key": key, **_to_json(catalogue)}), encoding="utf-8")
    scratch.replace(path)


def _to_json(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "plugins": [plugin.to_dict() for plugin in catalogue.plugins],
        "hooks": catalogue.hooks,
        "stamps": catalogue.stamps,
        "entries": catalogue.entries,
        "problems": catalogue.problems,
    }


def _from_json(data: dict[str, Any]) -> Catalogue:
    return Catalogue(
        plugins=tuple(Plugin(**each) for each in data["plugins"]),
        hooks=tuple(tuple(each) for each in data["hooks"]),
        stamps=tuple(None if each is None else Stamp(*each) for each in data["stamps"]),
        entries={
            kind: {key: Entry(plugin, fields) for key, (plugin, fields) in entries.items()}
            for kind, entries in data["entries"].items()
        },
        problems=tuple(data["problems"]),
    )
