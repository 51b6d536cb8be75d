"""What a connection of type `ssh` says, with what a hook was told instead."""

from __future__ import annotations

from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.values import Value, field

__all__ = ["SSHSettings", "settings_of"]

_FLAGS = ("allow_host_key_change", "compress", "look_for_keys", "no_host_key_check")
_SECONDS = ("auth_timeout", "banner_timeout", "cmd_timeout", "conn_timeout", "keepalive_interval")
_TRUE = {"1", "on", "true", "yes"}
_FALSE = {"", "0", "false", "no", "off"}


class SSHSettings(Value):
    """How to reach a server and how to log in.

    Arguments:
        host: its name or address.
        port: its TCP port.
        username: who logs in; None for the user that this process runs as.
        password: secret.
        key_file: the path of a private key.
        private_key: the text of a private key.
        private_key_passphrase: what the private key is encrypted with.
        host_key: the public key of the server, as `type base64`.
        no_host_key_check: let servers in that are not known.
        allow_host_key_change: let servers in whose key is another than the known one.
        look_for_keys: try the keys in the user's own folder.
        compress: compress what is sent.
        host_proxy_cmd: a command that the connection goes through.
        ciphers: the only ciphers, in the order of preference.
        disabled_algorithms: algorithms by kind that are not offered, as paramiko has them.
        conn_timeout: seconds to reach the server.
        banner_timeout: seconds until it has said who it is.
        auth_timeout: seconds until it has answered a login.
        cmd_timeout: seconds that a command may be silent; None for no limit.
        keepalive_interval: seconds between two signs of life; 0 for none.
    """

    host: str
    port: int = 22
    username: str | None = None
    password: str | None = field(default=None, secret=True)
    key_file: str | None = None
    private_key: str | None = field(default=None, secret=True)
    private_key_passphrase: str | None = field(default=None, secret=True)
    host_key: str | None = None
    no_host_key_check: bool = False
    allow_host_key_change: bool = False
    look_for_keys: bool = True
    compress: bool = True
    host_proxy_cmd: str | None = None
    ciphers: Any = None
    disabled_algorithms: Any = None
    conn_timeout: float = 10.0
    banner_timeout: float = 30.0
    auth_timeout: float = 30.0
    cmd_timeout: float | None = None
    keepalive_interval: float = 30.0


def settings_of(connection: Connection | None, told: dict[str, Any]) -> SSHSettings:
    """Return the settings of a connection.

    Arguments:
        connection: the connection; None where all is told.
        told: fields of the settings that count more than the connection, by name.

    Raises:
        TradewindException: there is no host, or a key of the extra has a value that makes no sense.
    """
    found: dict[str, Any] = {}
    conn_id = "" if connection is None else connection.conn_id
    if connection is not None:
        found = {"host": connection.host, "port": connection.port}
        found.update(username=connection.login, password=connection.password)
        extra = connection.extra_dejson
        if "timeout" in extra:
            extra.setdefault("conn_timeout", extra["timeout"])
        names = [name for name in SSHSettings.__fields__ if name in extra and name not in {"host", "port", "username"}]
        found.update({name: _value(conn_id, name, extra[name]) for name in names})
    found.update({name: value for name, value in told.items() if value is not None})
    wanted = {name: value for name, value in found.items() if value is not None or name == "cmd_timeout"}
    if not wanted.get("host"):
        raise TradewindException(
            f"connection {conn_id!r} has no host" if conn_id else "SSHHook needs ssh_conn_id or remote_host"
        )
    if wanted.get("allow_host_key_change") and not wanted.get("no_host_key_check"):
        raise TradewindException(
            f"the extra of connection {conn_id!r} has allow_host_key_change, which has no meaning while keys of servers are "
            f"checked: set no_host_key_check too, or give the new key as host_key"
        )
    if wanted.get("no_host_key_check") and wanted.get("host_key"):
        raise TradewindException(
            f"the extra of connection {conn_id!r} has host_key and no_host_key_check, which contradict each other"
        )
    return SSHSettings(**wanted)


def _value(conn_id: str, name: str, value: Any) -> Any:
    """Return a value of the extra as its field has it: forms and URIs hold texts only."""
    if name in _FLAGS and isinstance(value, str):
        if value.lower() not in _TRUE | _FALSE:
            raise TradewindException(f"the extra of connection {conn_id!r} has {name} {value!r}: it is true or false")
        return value.lower() in _TRUE
    if name in _SECONDS and value is not None:
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TradewindException(
                f"the extra of connection {conn_id!r} has {name} {value!r}, which is not a number of seconds"
            ) from None
    if name == "ciphers" and isinstance(value, str):
        return [each.strip() for each in value.split(",")]
    return value
