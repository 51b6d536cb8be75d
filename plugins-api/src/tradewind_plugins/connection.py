"""Connections: where another system is and how to log in, with Airflow's URI and JSON forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tradewind_plugins.host import current
from tradewind_plugins.values import Value, field

__all__ = ["Connection"]

_WHOLE_EXTRA = "__extra__"
_JSON_FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


class Connection(Value):
    """Where another system is and how to log in.

    Args:
        conn_id: Its name.
        conn_type: The kind of system, such as `sqlite`; it says which hook and form belong to it.
        description: A sentence for people.
        host: Host name, address or path.
        login: User name.
        password: Secret.
        schema: Database or bucket, as the type has it.
        port: TCP port.
        extra: More settings as JSON text (a mapping is written as JSON); may hold secrets.
    """

    conn_id: str
    conn_type: str = ""
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = field(default=None, secret=True)
    schema: str | None = None
    port: int | None = None
    extra: str | None = field(default=None, secret=True)

    def __post_init__(self) -> None:
        extra: Any = self.extra
        if isinstance(extra, Mapping):
            self._set("extra", json.dumps(extra))
        port: Any = self.port
        if isinstance(port, str):
            self._set("port", _port(self.conn_id, port))

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """Return the connection of that id from the running host.

        Raises:
            TradewindNotFoundException: There is none.
        """
        return current().connection(conn_id)

    @classmethod
    def get_connection_from_secrets(cls, conn_id: str) -> Connection:
        """Airflow's name for `get`."""
        return cls.get(conn_id)

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra as a dict; empty where there is none, or where it is not a JSON object."""
        try:
            parsed = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def get_uri(self) -> str:
        """Return `type://login:password@host:port/schema?extra`, every part percent-encoded. It holds the secrets."""
        login = _quoted(self.login)
        password = "" if self.password is None else f":{_quoted(self.password)}"
        authority = f"{login}{password}@" if login or password else ""
        port = "" if self.port is None else f":{self.port}"
        schema = "" if self.schema is None else f"/{_quoted(self.schema)}"
        query = self._query()
        path = schema or ("/" if query else "")
        scheme = self.conn_type.lower().replace("_", "-")
        return f"{scheme}://{authority}{_quoted(self.host)}{port}{path}{'?' if query else ''}{query}"

    def _query(self) -> str:
        """The extra as a query string; whole in one parameter where single parameters would not bring it back."""
        if not self.extra:
            return ""
        extra = self.extra_dejson
        flat = urlencode(extra) if extra and all(isinstance(value, str) for value in extra.values()) else ""
        if flat and dict(parse_qsl(flat, keep_blank_values=True)) == extra and _WHOLE_EXTRA not in extra:
            return flat
        return urlencode({_WHOLE_EXTRA: self.extra})

    @classmethod
    def from_uri(cls, uri: str, conn_id: str) -> Connection:
        """Read `type://login:password@host:port/schema?extra`.

        Args:
            uri: The connection; every part percent-encoded, so that a slash in a password is written `%2F`.
            conn_id: The name to give it.

        Raises:
            ValueError: There is no `type://`, or the port is not a number.
        """
        scheme, separator, rest = uri.partition("://")
        if not scheme or not separator:
            raise ValueError(
                f"the URI of connection {conn_id!r} has no type; write type://login:password@host:port/schema"
            )
        conn_type = scheme.lower().replace("-", "_")
        parts = urlsplit(f"//{rest}")
        user, _, address = parts.netloc.rpartition("@")
        login, has_password, password = user.partition(":")
        host, _, port = _split_port(address)
        return cls(
            conn_id=conn_id,
            conn_type="postgres" if conn_type == "postgresql" else conn_type,
            login=unquote(login) or None,
            password=unquote(password) if has_password else None,
            host=unquote(host) or None,
            port=_port(conn_id, port) if port else None,
            schema=unquote(parts.path[1:]) or None,
            extra=_extra_of_query(parts.query),
        )

    def as_json(self) -> str:
        """Return the JSON object that an environment variable or a secrets backend may hold. It holds the secrets."""
        known = {name: getattr(self, name) for name in _JSON_FIELDS if getattr(self, name) is not None}
        if self.extra_dejson:
            known["extra"] = self.extra_dejson
        return json.dumps(known)

    @classmethod
    def from_json(cls, text: str, conn_id: str) -> Connection:
        """Read the JSON object that `as_json` writes; `extra` may be an object or a text.

        Raises:
            ValueError: It is not a JSON object, or has a key that no connection has.
        """
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError(f"the JSON of connection {conn_id!r} is not an object")  # noqa: TRY004 - the text is wrong, not its type
        unknown = sorted(set(data) - set(_JSON_FIELDS) - {"conn_id"})
        if unknown:
            raise ValueError(
                f"connection {conn_id!r} has no field {', '.join(unknown)}; it has {', '.join(_JSON_FIELDS)}"
            )
        return cls(**{**data, "conn_id": conn_id})

    @classmethod
    def parse(cls, text: str, conn_id: str) -> Connection:
        """Read a connection from JSON where the text starts with a brace, else from a URI: what AIRFLOW_CONN-like
        variables hold.
        """
        return cls.from_json(text, conn_id) if text.lstrip().startswith("{") else cls.from_uri(text.strip(), conn_id)


def _quoted(part: str | None) -> str:
    return quote(part or "", safe="")


def _port(conn_id: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"the port of connection {conn_id!r} is {text!r}, which is not a number") from None


def _split_port(address: str) -> tuple[str, str, str]:
    """Split `host:port`, where the host may be an IPv6 address in brackets."""
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, ":", rest[1:]
    return address.partition(":")


def _extra_of_query(query: str) -> str | None:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if not pairs:
        return None
    return pairs.get(_WHOLE_EXTRA) or json.dumps(pairs)
