"""The text of a setting that says where a store is: `s3://bucket/prefix?conn_id=…&endpoint_url=…`."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import HostNotBound, TradewindConfigException
from tradewind_plugins.host import current
from tradewind_plugins.values import Value

from tradewind_amazon.settings import AwsSettings

__all__ = ["Location"]

_OPTIONS = ("conn_id", "endpoint_url", "profile_name", "region_name", "role_arn", "verify")


class Location(Value):
    """Where a store is and how it logs in.

    Args:
        name: The bucket, or the log group.
        prefix: What all keys begin with; empty, or ended by a slash.
        settings: How to log in.
        options: What else the query says, by name.
    """

    name: str
    prefix: str
    settings: AwsSettings
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str, scheme: str, setting: str, options: tuple[str, ...] = ()) -> Location:
        """Read the text.

        Without `conn_id` the login is that of AWS's own order: environment variables, configuration files, the role of
        the machine. With one, the connection is asked of the host; a worker that writes logs has none, and takes it from
        the environment variable `TRADEWIND_CONN_<ID>`.

        Arguments:
            text: the location.
            scheme: what it begins with, such as `s3`.
            setting: where it stands, for errors.
            options: names that the query may have besides those of the login.

        Raises:
            TradewindConfigException: it is something else, or has an option that there is not.
        """
        parts = urlsplit(text)
        if parts.scheme != scheme or not parts.netloc:
            raise TradewindConfigException(f"{setting} is {text!r}; write {scheme}://name/prefix?region_name=…")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        known = (*_OPTIONS, *options)
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise TradewindConfigException(
                f"{setting} has the option {unknown[0]!r}; there are {', '.join(sorted(known))}"
            )
        prefix = unquote(parts.path).strip("/")
        login = {name: given[name] for name in _OPTIONS if given.get(name)}
        return cls(
            name=unquote(parts.netloc),
            prefix=f"{prefix}/" if prefix else "",
            settings=_settings(login, setting),
            options=tuple(sorted((name, given[name]) for name in options if name in given)),
        )

    def option(self, name: str, default: float) -> float:
        """Return an option that is a number.

        Raises:
            TradewindConfigException: it is not.
        """
        text = dict(self.options).get(name)
        try:
            return default if text is None else float(text)
        except ValueError:
            raise TradewindConfigException(f"the option {name} of a location is {text!r}, not a number") from None


def _settings(login: dict[str, Any], setting: str) -> AwsSettings:
    conn_id = login.pop("conn_id", None)
    if "verify" in login:
        login["verify"] = {"true": True, "false": False}.get(login["verify"].lower(), login["verify"])
    settings = AwsSettings() if conn_id is None else AwsSettings.of(_connection(conn_id, setting))
    return settings.replace(**login)


def _connection(conn_id: str, setting: str) -> Connection:
    try:
        return current().connection(conn_id)
    except HostNotBound:
        variable = f"TRADEWIND_CONN_{conn_id.upper()}"
        text = os.environ.get(variable)
    if text is None:
        raise TradewindConfigException(
            f"{setting} names the connection {conn_id!r}, and here no connections can be asked for: set {variable} in the "
            "environment, or leave conn_id out and log in as AWS's own tools do"
        )
    return Connection.parse(text, conn_id)
