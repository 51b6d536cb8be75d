"""An emulator of Amazon Web Services, moto, in a process of its own on a free loopback port."""

from __future__ import annotations

import importlib.util
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from services.processes import free_port, server, temporary_folder

MISSING = "There is no moto server in this environment: install the dependency group `tests` of providers/amazon."


def is_installed() -> bool:
    """Tell whether this environment has the emulator and what it serves with."""
    return all(importlib.util.find_spec(name) for name in ("moto", "flask", "flask_cors"))


@contextmanager
def moto_server() -> Iterator[str]:
    """Run a server until the block ends; yield its URL. It knows every key, and forgets all at `POST /moto-api/reset`."""
    if not is_installed():
        raise RuntimeError(MISSING)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with temporary_folder("tradewind-moto-") as root:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
        with server(command, root, lambda: urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()):
            yield url
