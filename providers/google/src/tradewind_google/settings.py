"""What a connection of type `google_cloud_platform` says, and the clients that are made of it.

Hooks make their clients here; so do the XCom storage and the log store, which run where nobody can be asked for a connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.values import Value, field

if TYPE_CHECKING:
    from tradewind_plugins.connection import Connection

__all__ = ["GoogleSettings", "how_to_call", "naming", "storage_client"]

storage = lazy_client("google.cloud.storage", extra="google")
api_errors = lazy_client("google.api_core.exceptions", extra="google")
auth = lazy_client("google.auth", extra="google")
auth_errors = lazy_client("google.auth.exceptions", extra="google")
_anonymous = lazy_client("google.auth.credentials", extra="google")
_impersonated = lazy_client("google.auth.impersonated_credentials", extra="google")
_retry = lazy_client("google.cloud.storage.retry", extra="google")
_service_account = lazy_client("google.oauth2.service_account", extra="google")
requests = lazy_client("requests", extra="google")

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_OLD_PREFIX = "extra__google_cloud_platform__"


class GoogleSettings(Value):
    """How to log in to Google Cloud, and where it is. All empty: as Google's own tools do.

    Args:
        conn_id: The connection that it comes from; empty for none.
        project: The project that is meant where none is named.
        key_path: The file with the key of a service account.
        keyfile_dict: That key itself, as JSON text.
        scopes: What the login is for, URLs with commas between them.
        impersonation_chain: The service account to act as, the last of a chain.
        endpoint: Another place than Google's, such as an emulator; without a key nobody is logged in there.
        timeout: Seconds that a request may take.
        num_retries: 0 for none; else as the client has it.
    """

    conn_id: str = ""
    project: str | None = None
    key_path: str | None = None
    keyfile_dict: str | None = field(default=None, secret=True)
    scopes: str = _SCOPE
    impersonation_chain: tuple[str, ...] = ()
    endpoint: str | None = None
    timeout: float = 60.0
    num_retries: int = 5

    @classmethod
    def of(cls, connection: Connection) -> GoogleSettings:
        """Read the connection.

        Raises:
            TradewindException: a key of its extra has a value that cannot be understood.
        """
        extra = {
            "".join(name.split(_OLD_PREFIX, 1)): value  # older forms wrote the fields' names so
            for name, value in connection.extra_dejson.items()
            if value not in (None, "")
        }
        key = extra.get("keyfile_dict")
        chain = extra.get("impersonation_chain") or ()
        return cls(
            conn_id=connection.conn_id,
            project=extra.get("project"),
            key_path=extra.get("key_path"),
            keyfile_dict=json.dumps(key) if isinstance(key, Mapping) else key,
            scopes=str(extra.get("scope") or _SCOPE),
            impersonation_chain=chain_of(chain),
            endpoint=extra.get("endpoint") or _address(connection),
            timeout=_number(extra, "timeout", 60.0, connection.conn_id),
            num_retries=int(_number(extra, "num_retries", 5, connection.conn_id)),
        )

    @property
    def source(self) -> str:
        """What people call it: the connection, or where else the login is from."""
        place = self.endpoint or self.project
        told = f"(google_cloud_platform, {place})" if place else "(google_cloud_platform)"
        return f"connection {self.conn_id!r} {told}" if self.conn_id else f"Google with the environment's login {told}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        key = self._key() if self.keyfile_dict else {}
        private = key.get("private_key")
        return tuple(each for each in (self.keyfile_dict, private) if isinstance(each, str) and each)

    def _key(self) -> dict[str, Any]:
        try:
            key = json.loads(self.keyfile_dict or "{}")
        except ValueError:
            key = None
        if not isinstance(key, dict):
            raise TradewindException(f"keyfile_dict in the extra of connection {self.conn_id!r} is not a JSON object")
        return key

    def credentials(self) -> tuple[Any, str | None]:
        """Return the credentials and the project that they bring.

        Raises:
            ConnectionFailed: there are none, or they cannot be read.
        """
        scopes = [each.strip() for each in self.scopes.split(",") if each.strip()]
        project: str | None = None
        try:
            if self.keyfile_dict:
                key = self._key()
                found = _service_account.Credentials.from_service_account_info(key, scopes=scopes)
                project = key.get("project_id")
            elif self.key_path:
                found = _service_account.Credentials.from_service_account_file(self.key_path, scopes=scopes)
                project = found.project_id
            elif self.endpoint:
                return _anonymous.AnonymousCredentials(), self.project or "none"
            else:
                found, project = auth.default(scopes=scopes)
            if self.impersonation_chain:
                *delegates, target = self.impersonation_chain
                found = _impersonated.Credentials(
                    source_credentials=found, target_principal=target, delegates=delegates, target_scopes=scopes
                )
        except (auth_errors.GoogleAuthError, OSError, ValueError) as error:
            raise ConnectionFailed(f"{self.source}: there is no login: {self._clean(error)}") from error
        return found, self.project or project

    def _clean(self, error: BaseException) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def failure_of(self, error: BaseException) -> ConnectionFailed:
        """Return the error that names the connection."""
        code = getattr(error, "code", None)
        if code in (401, 403):
            told = f"Google refused the request ({int(str(int(code)))})"
        elif code is not None:
            told = f"Google is too busy for the request, or out of order ({code})"
        else:
            told = type(error).__name__
        return ConnectionFailed(f"{self.source}: {told}: {self._clean(error)}")


def chain_of(chain: Any) -> tuple[str, ...]:
    """Return an impersonation chain: accounts in a text with commas, or a list of them."""
    parts = chain.split(",") if isinstance(chain, str) else chain or ()
    return tuple(each.strip() for each in parts if each.strip())


def storage_client(settings: GoogleSettings) -> Any:
    """Return a client of Cloud Storage."""
    credentials, project = settings.credentials()
    options = {"api_endpoint": settings.endpoint} if settings.endpoint else None
    return storage.Client(project=project, credentials=credentials, client_options=options)


def how_to_call(settings: GoogleSettings) -> dict[str, Any]:
    """Return the arguments of calls that say how long one may take and how it is tried again."""
    return {"timeout": settings.timeout, "retry": _retry.DEFAULT_RETRY if settings.num_retries else None}


@contextmanager
def naming(settings: GoogleSettings, on_failure: Callable[[], None] | None = None) -> Iterator[None]:
    """Turn errors of reaching Google, of a refused login and of throttling into `ConnectionFailed`, which names the connection.

    Arguments:
        settings: how it was logged in.
        on_failure: called before such an error is raised.
    """
    failures = _failures()
    try:
        yield
    except (api_errors.GoogleAPICallError, *failures) as error:
        response = getattr(error, "response", None)
        if response is not None:
            response.close()  # the client leaves the answer to a download open where it is an error
        if not isinstance(error, failures):
            raise
        if on_failure is not None:
            on_failure()
        raise settings.failure_of(error) from error


def _failures() -> tuple[type[BaseException], ...]:
    return (
        api_errors.Forbidden,
        api_errors.Unauthorized,
        api_errors.TooManyRequests,
        api_errors.ServerError,
        api_errors.RetryError,
        auth_errors.GoogleAuthError,
        requests.exceptions.ConnectionError,
        requests.exceptions.Timeout,
        requests.exceptions.ChunkedEncodingError,
        ConnectionError,
    )


def _address(connection: Connection) -> str | None:
    """Return the endpoint that host and port stand for, where the host has the form of one."""
    host = connection.host or ""
    if "://" not in host:
        return None
    return host if connection.port is None else f"{host}:{connection.port}"


def _number(extra: Mapping[str, Any], key: str, default: float, conn_id: str) -> float:
    value = extra.get(key, default)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TradewindException(
            f"{key} in the extra of connection {conn_id!r} is {value!r}, which is not a number"
        ) from None
