"""What is known of this installation: versions, places, database, providers. No secrets."""

from __future__ import annotations

import getpass
import locale
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from tradewind.config import Loaded
from tradewind.operations.installation import provider_distributions
from tradewind.version import VERSION

TOOLS = ("git", "bash", "ssh", "sqlite3", "psql", "mysql", "dot", "kubectl", "helm", "docker")


def installation(loaded: Loaded, *, anonymous: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield (part, name, value).

    Arguments:
        anonymous: stars in place of the names of people and of their folders.
    """
    config = loaded.config
    yield "tradewind", "version", VERSION
    yield "tradewind", "home", _private(config.home, anonymous)
    yield "tradewind", "dags.folder", _private(config.dags.folder, anonymous)
    yield "tradewind", "logs.folder", _private(config.logs.folder, anonymous)
    yield "tradewind", "database", _database(config.database.url, anonymous)
    yield "tradewind", "executor", config.executor.default
    for key in ("os", "python", "python_location", "locale", "user"):
        yield "system", key, "***" if anonymous and key in _PERSONAL else _SYSTEM[key]()
    for tool in TOOLS:
        found = shutil.which(tool)
        yield "tools", tool, "not found" if found is None else _private(Path(found), anonymous)
    for name, version, _summary in provider_distributions():
        yield "providers", name, version


def distribution_details(name: str) -> dict[str, object] | None:
    """Return what a distribution says of itself, None where it is not installed."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return None
    return {
        "provider": found["Name"],
        "version": found["Version"],
        "summary": found["Summary"],
        "requires_python": found["Requires-Python"],
        "requires": found.get_all("Requires-Dist") or [],
        "license": found["License-Expression"] or found["License"],
        "urls": found.get_all("Project-URL") or [],
    }


def _private(path: Path, anonymous: bool) -> str:
    home = str(Path.home())
    text = str(path)
    return text.replace(home, "~", 1) if anonymous and text.startswith(home) else text


def _database(url: str, anonymous: bool) -> str:
    kind, _, rest = url.partition("://")
    if anonymous or kind.startswith("sqlite"):
        return kind if anonymous else url
    return f"{kind}://***@{rest.rpartition('@')[2]}"


_SYSTEM: dict[str, Callable[[], str]] = {
    "os": platform.platform,
    "python": lambda: sys.version.partition(" ")[0],
    "python_location": lambda: sys.executable,
    "locale": lambda: ".".join(filter(None, locale.getlocale())) or "C",
    "user": lambda: os.environ.get("USER") or getpass.getuser(),
}
_PERSONAL = {"python_location", "user"}
