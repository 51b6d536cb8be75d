"""What the two secrets backends share: which names are asked for, and what is said when AWS does not answer."""

from __future__ import annotations

import re
import threading
from typing import Any, ClassVar

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException

from tradewind_amazon.settings import AwsSettings, client_of, is_missing

__all__ = ["AwsSecretsBackend"]

_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")


class AwsSecretsBackend(SecretsBackend):
    """A secrets backend of AWS: a prefix for each kind, and patterns that names have to match to be asked for at all.

    It answers None only where AWS says that there is no such secret. Where AWS refuses, throttles or cannot be reached, it
    raises: the next backend is not to answer for it.

    Arguments:
        connections_prefix, variables_prefix, config_prefix: what the names of secrets begin with; None leaves the kind out.
        connections_lookup_pattern, variables_lookup_pattern, config_lookup_pattern: a regular expression that a name has to
            match from its beginning; None for every name.
        profile_name, region_name, role_arn: how to log in; by default as AWS's own tools do.
        endpoint_url: another place than Amazon's.
        config_kwargs: arguments of `botocore.config.Config`, such as time-outs and retries.
    """

    service: ClassVar[str] = ""
    label: ClassVar[str] = ""
    possible: ClassVar[Any] = re.compile("")
    """What the name of a secret has to look like."""

    def __init__(
        self,
        *,
        connections_prefix: str | None,
        variables_prefix: str | None,
        config_prefix: str | None,
        connections_lookup_pattern: str | None = None,
        variables_lookup_pattern: str | None = None,
        config_lookup_pattern: str | None = None,
        profile_name: str | None = None,
        region_name: str | None = None,
        role_arn: str | None = None,
        endpoint_url: str | None = None,
        config_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self._prefixes = {
            "connection": (connections_prefix, connections_lookup_pattern),
            "variable": (variables_prefix, variables_lookup_pattern),
            "setting": (config_prefix, config_lookup_pattern),
        }
        self._settings = AwsSettings(
            profile_name=profile_name,
            region_name=region_name,
            role_arn=role_arn,
            endpoint_url=endpoint_url,
            config_kwargs=config_kwargs or {},
        )
        self._made: Any = None
        self._making = threading.Lock()

    @property
    def client(self) -> Any:
        """The client of boto3, made when it is first used."""
        with self._making:
            if self._made is None:
                self._made = client_of(self._settings, self.service)
            return self._made

    def get_conn_value(self, conn_id: str) -> str | None:
        """See `SecretsBackend.get_conn_value`."""
        return self._look_up("connection", conn_id)

    def get_variable(self, key: str) -> str | None:
        """See `SecretsBackend.get_variable`."""
        return self._look_up("variable", key)

    def get_config(self, key: str) -> str | None:
        """See `SecretsBackend.get_config`."""
        return self._look_up("setting", key)

    def _look_up(self, kind: str, name: str) -> str | None:
        prefix, pattern = self._prefixes[kind]
        if prefix is None or (pattern is not None and re.match(pattern, name, re.IGNORECASE) is None):
            return None
        path = self._path(prefix, name)
        if not self.possible.match(path):
            return None  # AWS cannot have a secret of this name, and would call the question invalid
        told = f"{type(self).__name__}: {self.label} did not answer for {kind} {name!r} ({path})"
        try:
            return self._ask(path)
        except _botocore_exceptions.ClientError as error:
            if is_missing(error):
                return None
            raise TradewindException(f"{told}: {error}") from error
        except ConnectionFailed as error:
            raise ConnectionFailed(f"{told}: {error}") from error

    def _path(self, prefix: str, name: str) -> str:
        """Return the name that AWS knows."""
        raise NotImplementedError

    def _ask(self, path: str) -> str:
        """Return the text of a secret; raises botocore's errors."""
        raise NotImplementedError
