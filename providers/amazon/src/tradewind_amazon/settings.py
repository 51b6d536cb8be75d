"""What a connection of type `aws` says, and the sessions and clients that are made of it.

Hooks make their clients here; so do the XCom storage, the log stores and the secrets backends, which run where nobody
can be asked for a connection.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.values import Value, field

if TYPE_CHECKING:
    from tradewind_plugins.connection import Connection

__all__ = ["AwsSettings", "client_of", "failure_of", "is_missing", "session_of"]

boto3 = lazy_client("boto3", extra="amazon")
botocore = lazy_client("botocore", extra="amazon")
_botocore_config = lazy_client("botocore.config", extra="amazon")
_botocore_credentials = lazy_client("botocore.credentials", extra="amazon")
_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")
_botocore_loaders = lazy_client("botocore.loaders", extra="amazon")
_botocore_parsers = lazy_client("botocore.parsers", extra="amazon")
_botocore_session = lazy_client("botocore.session", extra="amazon")

_REFUSED = frozenset(
    (
        "401",
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    )
)
_BUSY = frozenset(
    (
        "429",
        "500",
        "502",
        "503",
        "504",
        "BandwidthLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OverLimit",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)
_MISSING = frozenset(
    (
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchKey",
        "NotFound",
        "ParameterNotFound",
        "ResourceNotFoundException",
    )
)


class AwsSettings(Value):
    """How to log in to AWS, and where it is. All empty: as AWS's own tools do, from the environment or the machine.

    Args:
        conn_id: The connection that it comes from; empty for none.
        access_key: The key's id.
        secret_key: The key's secret.
        session_token: Of temporary keys.
        profile_name: A profile of the AWS configuration files.
        region_name: The region.
        endpoint_url: Another place than Amazon's, for all services.
        verify: Whether certificates are checked, or a file of certificates; None for botocore's default.
        role_arn: The role to assume.
        assume_role_kwargs: Further arguments of the call `AssumeRole`.
        config_kwargs: Arguments of `botocore.config.Config`, such as time-outs and retries.
        service_config: Settings by service: `{"s3": {"endpoint_url": "...", "bucket_name": "..."}}`.
    """

    conn_id: str = ""
    access_key: str | None = None
    secret_key: str | None = field(default=None, secret=True)
    session_token: str | None = field(default=None, secret=True)
    profile_name: str | None = None
    region_name: str | None = None
    endpoint_url: str | None = None
    verify: bool | str | None = None
    role_arn: str | None = None
    assume_role_kwargs: Mapping[str, Any] = field(default_factory=dict)
    config_kwargs: Mapping[str, Any] = field(default_factory=dict)
    service_config: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection) -> AwsSettings:
        """Read the connection.

        Raises:
            TradewindException: a key of its extra has a value that cannot be understood.
        """
        extra = connection.extra_dejson
        conn_id = connection.conn_id
        method = extra.get("assume_role_method", "assume_role")
        if method != "assume_role":
            raise TradewindException(
                f"the extra of connection {conn_id!r} has the assume_role_method {method!r}; assume_role is what there is"
            )
        role = _mapping(extra, "assume_role_kwargs", conn_id)
        if extra.get("external_id"):
            role["ExternalId"] = extra["external_id"]
        service_config = _mapping(extra, "service_config", conn_id)
        if connection.schema:
            service_config["s3"] = {"bucket_name": connection.schema, **service_config.get("s3", {})}
        return cls(
            conn_id=conn_id,
            access_key=connection.login or extra.get("aws_access_key_id"),
            secret_key=connection.password or extra.get("aws_secret_access_key"),
            session_token=extra.get("aws_session_token") or extra.get("session_token"),
            profile_name=extra.get("profile_name"),
            region_name=extra.get("region_name"),
            endpoint_url=extra.get("endpoint_url") or extra.get("host") or _address(connection),
            verify=_verify(extra.get("verify")),
            role_arn=extra.get("role_arn"),
            assume_role_kwargs=role,
            config_kwargs=_mapping(extra, "config_kwargs", conn_id),
            service_config=service_config,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return tuple(each for each in (self.secret_key, self.session_token) if each)

    @property
    def source(self) -> str:
        """What people call it: the connection, or where else the login is from."""
        place = self.endpoint_url or self.region_name
        told = f"(aws, {place})" if place else "(aws)"
        return f"connection {self.conn_id!r} {told}" if self.conn_id else f"AWS with the environment's login {told}"

    def endpoint_of(self, service: str) -> str | None:
        """Return where a service is, if not at Amazon's own place."""
        found: str | None = self.service_config.get(service, {}).get("endpoint_url", self.endpoint_url)
        return found

    def bucket_name(self) -> str | None:
        """Return the bucket that is meant where none is named."""
        found: str | None = self.service_config.get("s3", {}).get("bucket_name")
        return found


def session_of(settings: AwsSettings, region_name: str | None = None) -> Any:
    """Return the boto3 session of these settings, with the role assumed, if there is one, when it is first needed.

    Raises:
        ConnectionFailed: there is no such profile.
    """
    try:
        if settings.role_arn:
            inner, provider = _session_of_botocore(), _RoleProvider(settings, region_name)
            inner.register_component("credential_provider", _botocore_credentials.CredentialResolver([provider]))
            return boto3.session.Session(botocore_session=inner, region_name=region_name or settings.region_name)
        return _plain_session(settings, region_name)
    except _botocore_exceptions.ProfileNotFound as error:
        raise ConnectionFailed(f"{settings.source}: {error}") from error


def _session_of_botocore() -> Any:
    inner = _botocore_session.get_session()
    loader = _loader()
    inner.register_component("data_loader", loader)
    loader.search_paths[:] = sorted(set(loader.search_paths), key=loader.search_paths.index)  # boto3 adds its own again
    return inner


@lru_cache(maxsize=1)
def _loader() -> Any:
    """Return what reads the descriptions of the services: one for all, as each takes long to read and to keep."""
    return _botocore_loaders.create_loader()


def _plain_session(settings: AwsSettings, region_name: str | None) -> Any:
    return boto3.session.Session(
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        aws_session_token=settings.session_token,
        profile_name=settings.profile_name,
        region_name=region_name or settings.region_name,
        botocore_session=_session_of_botocore(),
    )


class _RoleProvider:
    """Gives botocore the keys of an assumed role, and new ones before they expire."""

    METHOD = "tradewind-assume-role"
    CANONICAL_NAME = None

    def __init__(self, settings: AwsSettings, region_name: str | None) -> None:
        self._settings = settings
        self._region = region_name or settings.region_name
        self._sts = None

    def load(self) -> Any:
        return _botocore_credentials.DeferredRefreshableCredentials(refresh_using=self._keys, method=self.METHOD)

    def _keys(self) -> dict[str, Any]:
        settings = self._settings
        if self._sts is None:
            self._sts = client_of(settings, "sts", _plain_session(settings, self._region))
        arguments = {"RoleSessionName": f"tradewind-{settings.conn_id}"[:64], **settings.assume_role_kwargs}
        sts: Any = self._sts
        keys = sts.assume_role(RoleArn=settings.role_arn, **arguments)["Credentials"]
        return {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "token": keys["SessionToken"],
            "expiry_time": keys["Expiration"].isoformat(),
        }


_making = threading.Lock()
"""Held while a client is made: boto3's loaders are not made for several threads."""


def client_of(
    settings: AwsSettings,
    service: str,
    session: Any = None,
    *,
    kind: str = "client",
    config: Any = None,
    on_failure: Callable[[], None] | None = None,
) -> Any:
    """Return a client (or, with `kind="resource"`, a resource) whose errors about the connection name it.

    Arguments:
        settings: how to log in.
        service: such as `s3`.
        session: a boto3 session; by default a new one.
        config: a `botocore.config.Config` that goes over that of the settings.
        on_failure: called before an error that names the connection is raised.
    """
    made = session or session_of(settings)
    failures: tuple[type[BaseException], ...] = (*_connection_errors(), ValueError)
    with _making:
        made.events.register(
            "creating-client-class",
            lambda base_classes, **_: base_classes.insert(0, _naming_class(settings, on_failure)),
            unique_id="tradewind-naming",
        )
        whole = _config(settings.config_kwargs)
        if config is not None:
            whole = whole.merge(config)
        try:
            return getattr(made, kind)(
                service,
                region_name=made.region_name or _region_without_one(settings, service),
                endpoint_url=settings.endpoint_of(service),
                verify=settings.verify,
                config=whole,
            )
        except failures as error:
            raise ConnectionFailed(f"{settings.source}: {error}") from error


def failure_of(settings: AwsSettings, error: BaseException) -> ConnectionFailed | None:
    """Return the error that names the connection, where this one is about reaching AWS or about its answer to us.

    An answer about a thing, as that there is no such bucket, stays what it is: None.
    """
    code = code_of(error)
    if code in _REFUSED:
        told = f"AWS refused the request ({code})"
    elif code in _BUSY or code.startswith("5"):
        told = f"AWS is too busy for the request, or out of order ({code})"
    elif code or not isinstance(error, _connection_errors()):
        return None
    else:
        told = type(error).__name__
    text = " ".join(str(error).split())
    for secret in settings.secrets:
        text = text.replace(secret, "***")
    return ConnectionFailed(f"{settings.source}: {told}: {text}")


def code_of(error: BaseException) -> str:
    """Return AWS's code of an error; empty where it is no answer of AWS."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, Mapping) else ""


def is_missing(error: BaseException) -> bool:
    """Tell whether AWS answered that there is no such thing."""
    return code_of(error) in _MISSING


def _connection_errors() -> tuple[type[BaseException], ...]:
    errors = _botocore_exceptions
    return (
        errors.HTTPClientError,
        errors.ConnectionError,
        errors.ProfileNotFound,
        errors.NoRegionError,
        errors.NoCredentialsError,
        errors.PartialCredentialsError,
        errors.CredentialRetrievalError,
        errors.IncompleteReadError,
        _botocore_parsers.ResponseParserError,  # what is no answer of AWS, as of a proxy on the way
    )


def _naming_class(settings: AwsSettings, on_failure: Callable[[], None] | None) -> type:
    """Return the class that botocore puts before its own: every call goes through it, those of paginators too."""

    class NamesItsConnection:
        def _make_api_call(self, operation_name: str, api_params: Any) -> Any:
            try:
                return super()._make_api_call(operation_name, api_params)  # type: ignore[misc]
            except (_botocore_exceptions.BotoCoreError, _botocore_parsers.ResponseParserError) as error:
                failure = failure_of(settings, error)
                told: BaseException = error
            except _botocore_exceptions.ClientError as error:
                failure = failure_of(settings, error)
                told = error
            if failure is None:
                raise told
            if on_failure is not None:
                on_failure()
            raise failure from told

    return NamesItsConnection


def _config(arguments: Mapping[str, Any]) -> Any:
    given = dict(arguments)
    if given.get("signature_version") == "unsigned":
        given["signature_version"] = botocore.UNSIGNED
    return _botocore_config.Config(**given)


def _region_without_one(settings: AwsSettings, service: str) -> str | None:
    # An endpoint of one's own is in no region, but requests are signed for one
    return "us-east-1" if settings.endpoint_of(service) else None


def _address(connection: Connection) -> str | None:
    """Return the endpoint that the fields host and port stand for, where the host has the form of one."""
    host = connection.host or ""
    if "://" not in host:
        return None
    return host if connection.port is None else f"{host}:{connection.port}"


def _mapping(extra: Mapping[str, Any], key: str, conn_id: str) -> dict[str, Any]:
    value = extra.get(key) or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        raise TradewindException(f"{key} in the extra of connection {conn_id!r} is not a JSON object")
    return dict(value)


def _verify(value: Any) -> Any:
    words = {"true": True, "false": False, "": None}
    return words.get(value.lower(), value) if isinstance(value, str) else value
