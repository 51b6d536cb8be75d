"""The browser that walks through the pages, and axe, which looks at them. Installed by scripts/install_services."""

from __future__ import annotations

from pathlib import Path

from services.processes import find_binary

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "There is no Chromium on this machine: run scripts/install_services."
MISSING_AXE = "There is no axe-core on this machine: run scripts/install_services where npm is."


def chromium() -> str | None:
    """Return the path of the system's Chromium; None where there is none."""
    return find_binary("chromium", "google-chrome")
