"""Where requests come from, and which proxies are believed."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from flask import Request

from tradewind.config.errors import ConfigError

FORWARDED = "X-Forwarded-For"


class Proxies:
    """Proxies whose headers count.

    Arguments:
        trusted: addresses and networks, such as `127.0.0.1` or `10.0.0.0/8`.
    Raises:
        ConfigError: one is neither.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        try:
            self._networks = [ip_network(each.strip(), strict=False) for each in trusted]
        except ValueError as error:
            raise ConfigError(
                f"web.trusted_proxies: {error}. Give addresses or networks, such as 10.0.0.0/8."
            ) from error

    def is_trusted(self, address: str | None) -> bool:
        """Tell whether what comes from an address was sent by such a proxy."""
        try:
            found = ip_address((address or "").partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in network for network in self._networks if network.version == mapped.version)

    def client(self, request: Request) -> str:
        """Return the address that a request comes from: the last that no trusted proxy has."""
        address = str(request.environ.get("REMOTE_ADDR") or "")
        said = [each.strip() for each in request.headers.get(FORWARDED, "").split(",") if each.strip()]
        while said and self.is_trusted(address):
            address = said.pop()
        return address
