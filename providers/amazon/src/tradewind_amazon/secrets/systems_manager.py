"""The secrets backend on the parameter store of AWS Systems Manager."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tradewind_amazon.secrets.lookup import AwsSecretsBackend

__all__ = ["SystemsManagerParameterStoreBackend"]


class SystemsManagerParameterStoreBackend(AwsSecretsBackend):
    """Connections, variables and settings as parameters `<prefix>/<name>`, decrypted where they are SecureStrings.

    A connection is a URI or the JSON object of a connection.

    Arguments:
        connections_prefix, variables_prefix, config_prefix: what the names begin with; None leaves the kind out.
        connections_lookup_pattern, variables_lookup_pattern, config_lookup_pattern: a regular expression that a name has to
            match from its beginning; None for every name.
        kwargs: how to log in: `profile_name`, `region_name`, `role_arn`, `endpoint_url`, `config_kwargs`.
    """

    service: ClassVar[str] = "ssm"
    label: ClassVar[str] = "the AWS parameter store"
    possible: ClassVar[Any] = re.compile(r"/[\w./-]{1,2047}\Z", re.ASCII)

    def __init__(
        self,
        *,
        connections_prefix: str | None = "/airflow/connections",
        variables_prefix: str | None = "/airflow/variables",
        config_prefix: str | None = "/airflow/config",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            connections_prefix=connections_prefix,
            variables_prefix=variables_prefix,
            config_prefix=config_prefix,
            **kwargs,
        )

    def _path(self, prefix: str, name: str) -> str:
        path = f"{prefix.rstrip('/')}/{name}"
        return path if path.startswith("/") else f"/{path}"

    def _ask(self, path: str) -> str:
        return str(self.client.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"])
