"""The secrets backend on AWS Secrets Manager."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from tradewind_plugins.exceptions import TradewindException

from tradewind_amazon.secrets.lookup import AwsSecretsBackend

__all__ = ["SecretsManagerBackend"]

_WORDS = {
    "login": ("login", "user", "username", "user_name"),
    "password": ("password", "pass", "key"),
    "host": ("host", "remote_host", "server"),
    "port": ("port",),
    "schema": ("database", "schema"),
    "conn_type": ("conn_type", "conn_id", "connection_type", "engine"),
    "extra": ("extra",),
}
"""For each field of a connection the words that secrets have for it, which are Airflow's."""


class SecretsManagerBackend(AwsSecretsBackend):
    """Connections, variables and settings as secrets `<prefix><sep><name>`.

    A connection is a URI or the JSON object of a connection. With `full_url_mode=False` it is a JSON object whose keys are
    words such as `user` and `server`, as other programs of AWS write them.

    Arguments:
        connections_prefix, variables_prefix, config_prefix: what the names begin with; None leaves the kind out.
        connections_lookup_pattern, variables_lookup_pattern, config_lookup_pattern: a regular expression that a name has to
            match from its beginning; None for every name.
        sep: what stands between prefix and name.
        extra_conn_words: more words for the fields of a connection: `{"login": ["benutzer"]}`.
        full_url_mode: whether a connection is a URI or a connection's own JSON.
        are_secret_values_urlencoded: with `full_url_mode=False`: whether the values are percent-encoded.
        kwargs: how to log in: `profile_name`, `region_name`, `role_arn`, `endpoint_url`, `config_kwargs`.
    """

    service: ClassVar[str] = "secretsmanager"
    label: ClassVar[str] = "AWS Secrets Manager"
    possible: ClassVar[Any] = re.compile(r"[\w/+=.@!-]{1,512}\Z", re.ASCII)

    def __init__(
        self,
        *,
        connections_prefix: str | None = "airflow/connections",
        variables_prefix: str | None = "airflow/variables",
        config_prefix: str | None = "airflow/config",
        sep: str = "/",
        extra_conn_words: Mapping[str, Sequence[str]] | None = None,
        full_url_mode: bool = True,
        are_secret_values_urlencoded: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            connections_prefix=connections_prefix,
            variables_prefix=variables_prefix,
            config_prefix=config_prefix,
            **kwargs,
        )
        self._sep = sep
        more = {_field(name): words for name, words in (extra_conn_words or {}).items()}
        self._words = {name: (*words, *more.get(name, ())) for name, words in _WORDS.items()}
        self._full_url_mode = full_url_mode
        self._encoded = are_secret_values_urlencoded

    def _path(self, prefix: str, name: str) -> str:
        return f"{prefix}{self._sep}{name}" if prefix else name

    def _ask(self, path: str) -> str:
        answer = self.client.get_secret_value(SecretId=path)
        if "SecretString" in answer:
            return str(answer["SecretString"])
        content: bytes = answer["SecretBinary"]
        return content.decode()

    def get_conn_value(self, conn_id: str) -> str | None:
        """See `SecretsBackend.get_conn_value`."""
        text = super().get_conn_value(conn_id)
        if text is None or self._full_url_mode or not text.lstrip().startswith("{"):
            return text
        return self._with_our_words(text, conn_id)

    def _with_our_words(self, text: str, conn_id: str) -> str:
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise TradewindException(f"the secret of connection {conn_id!r} in {self.label} is not a JSON object")
        found: dict[str, Any] = {}
        for name, words in self._words.items():
            value = next((given[word] for word in words if given.get(word) is not None), None)
            if value is not None:
                found[name] = unquote(value) if self._encoded and isinstance(value, str) and name != "extra" else value
        return json.dumps(found)


def _field(name: str) -> str:
    return {"user": "login"}.get(name, name)
