"""Real distributions in a folder on the path, as pip would leave them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from pathlib import Path

import pytest
from tradewind.plugins import known
from tradewind.plugins.current import forget


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, source: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        sys.modules.pop(path.stem, None)  # another test's module of that name
        importlib.invalidate_caches()
        return path

    def install(self, name: str, module: str, version: str = "1.0") -> None:
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        self.write(f"{info}/entry_points.txt", f"[tradewind]\n{name} = {module}\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    forget()
    yield Site(folder)
    forget()
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def owl(monkeypatch):
    """A provider that is known, and not installed: of the real ones any may be."""
    own = {"connection type": ["owl"], "task decorator": ["owl"]}
    monkeypatch.setattr(known, "providers", lambda: {"owl": own})
