"""A real OpenID provider, npm's oidc-provider, on a free loopback port. Installed by scripts/install_services."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.processes import find_binary, free_port, server, temporary_folder

FOLDER = Path(__file__).parent / "oidc"
MISSING = "There is no OpenID provider on this machine: run scripts/install_services where node and npm are."


def is_installed() -> bool:
    """Tell whether this machine has the provider and what runs it."""
    return find_binary("node") is not None and (FOLDER / "node_modules" / "oidc-provider").is_dir()


@contextmanager
def oidc_provider(people: Mapping[str, Any], client: Mapping[str, Any]) -> Iterator[str]:
    """Run a provider until the block ends; yield the URL of what it says about itself.

    Arguments:
        people: password and claims by name.
        client: the metadata of the one that may send people to it.
    """
    node = find_binary("node")
    if node is None:
        raise RuntimeError(MISSING)
    port = free_port()
    url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    with temporary_folder("tradewind-oidc-") as root:
        command = [node, FOLDER / "provider.mjs", port, json.dumps(people), json.dumps(client)]
        with server(command, root, lambda: urllib.request.urlopen(url, timeout=5).close()):
            yield url
