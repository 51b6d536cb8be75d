"""Behind a proxy: what it says of the URL that people asked for counts, if the proxy is a trusted one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from tradewind.access.addresses import Proxies

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def believing(application: Application, proxies: Proxies) -> Application:
    """Return the application as it is behind proxies: scheme, host, port and path prefix are those that people see.

    The client's address stays the proxy's: who asks for it goes by the same proxies (`Proxies.client`).

    Arguments:
        proxies: whose `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix` count; anybody else's do not.
    """
    fixed = ProxyFix(application, x_for=0, x_proto=1, x_host=1, x_port=1, x_prefix=1)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        chosen = fixed if proxies.is_trusted(environ.get("REMOTE_ADDR")) else application
        return chosen(environ, start_response)

    return answer
