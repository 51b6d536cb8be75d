"""The hooks that all those for Amazon Web Services derive from."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import current

from tradewind_amazon.settings import AwsSettings, client_of, failure_of, session_of

__all__ = ["AwsBaseHook", "AwsGenericHook"]

Client = TypeVar("Client")


class AwsGenericHook(BaseHook, Generic[Client]):
    """A client of one of the services of AWS.

    The connection's login and password are the key's id and its secret. Without them, without a profile and without a
    connection at all AWS's own order holds: environment variables, configuration files, the role of the machine.

    Arguments:
        aws_conn_id: the connection; None for AWS's own order. `aws_default` may be missing, which means the same.
        verify: whether certificates are checked, or a file of certificates; over the connection's.
        region_name: over the connection's.
        client_type: the service, for a client.
        resource_type: the service, for a resource of boto3.
        config: a `botocore.config.Config`, or a dict of its arguments; over the connection's `config_kwargs`.
    """

    conn_name_attr: ClassVar[str] = "aws_conn_id"
    default_conn_name: ClassVar[str] = "aws_default"
    conn_type: ClassVar[str] = "aws"
    hook_name: ClassVar[str] = "Amazon Web Services"

    def __init__(  # noqa: PLR0917 - Airflow's order
        self,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        region_name: str | None = None,
        client_type: str | None = None,
        resource_type: str | None = None,
        config: Any = None,
    ) -> None:
        super().__init__()
        if client_type and resource_type:
            raise TradewindException(f"{type(self).__name__} takes client_type or resource_type, not both")
        self.aws_conn_id = aws_conn_id
        self.client_type = client_type
        self.resource_type = resource_type
        self._verify = verify
        self._region_name = region_name
        self._config = config
        self._settings: AwsSettings | None = None
        self._conn: Any = None

    @property
    def settings(self) -> AwsSettings:
        """What the connection says, with this hook's arguments over it.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
        """
        if self._settings is None:
            settings = self._settings_of_connection()
            for secret in settings.secrets:
                current().mask(secret)
            if self._verify is not None:
                settings = settings.replace(verify=self._verify)
            if self._region_name is not None:
                settings = settings.replace(region_name=self._region_name)
            self._settings = settings
        return self._settings

    def _settings_of_connection(self) -> AwsSettings:
        if not self.aws_conn_id:
            return AwsSettings()
        try:
            return AwsSettings.of(self.get_connection(self.aws_conn_id))
        except TradewindNotFoundException:
            if self.aws_conn_id != self.default_conn_name:
                raise
        self.log.warning("There is no connection 'aws_default'; AWS's own order of logins is taken.")
        return AwsSettings()

    @property
    def region_name(self) -> str | None:
        """The region that is asked for; None where AWS's own configuration says it."""
        return self.settings.region_name

    @property
    def verify(self) -> bool | str | None:
        """Whether certificates are checked, or a file of certificates."""
        return self.settings.verify

    def get_session(self, region_name: str | None = None) -> Any:
        """Return a new boto3 session, logged in as the connection says."""
        return session_of(self.settings, region_name)

    def get_client_type(self, region_name: str | None = None, config: Any = None) -> Any:
        """Return a new client of the service `client_type`."""
        return self._make("client", self.client_type, region_name, config)

    def get_resource_type(self, region_name: str | None = None, config: Any = None) -> Any:
        """Return a new resource of the service `resource_type`."""
        return self._make("resource", self.resource_type, region_name, config)

    def _make(self, kind: str, service: str | None, region_name: str | None, config: Any) -> Any:
        if not service:
            raise TradewindException(f"{type(self).__name__} needs {kind}_type, the service that is meant: s3, sqs, …")
        given = self._config if config is None else config
        settings = self.settings
        if isinstance(given, dict):
            settings = settings.replace(config_kwargs={**settings.config_kwargs, **given})
            given = None
        session = self.get_session(region_name)
        return client_of(settings, service, session, kind=kind, config=given, on_failure=self._forget)

    def _forget(self) -> None:
        """Drop the client and what the connection said, after a failure: the next call asks anew."""
        self._conn = None
        self._settings = None

    @property
    def conn(self) -> Client:
        """The client or the resource, made when it is first used. What it raises about the connection names it."""
        if self._conn is None:
            self._conn = self.get_client_type() if self.client_type else self.get_resource_type()
        client: Client = self._conn
        return client

    def get_conn(self) -> Client:
        """Return `conn`."""
        return self.conn

    @property
    def conn_client_meta(self) -> Any:
        """The metadata of the client: region, endpoint, partition."""
        conn: Any = self.conn
        return conn.meta if self.client_type else conn.meta.client.meta

    @property
    def conn_region_name(self) -> str:
        """The region that the client is in."""
        return str(self.conn_client_meta.region_name)

    @property
    def conn_partition(self) -> str:
        """The partition that the client is in: `aws`, `aws-cn`, …"""
        return str(self.conn_client_meta.partition)

    @property
    def account_id(self) -> str:
        """The number of the account that is logged in."""
        return str(self._whoami()["Account"])

    def get_credentials(self, region_name: str | None = None) -> Any:
        """Return the keys in use, frozen: `access_key`, `secret_key` and `token`; the latter two are masked."""
        keys = self.get_session(region_name).get_credentials()
        if keys is None:
            raise TradewindException(f"{self.settings.source}: there are no credentials")
        frozen = keys.get_frozen_credentials()
        for secret in (frozen.secret_key, frozen.token):
            if secret:
                current().mask(secret)
        return frozen

    def expand_role(self, role: str, region_name: str | None = None) -> str:
        """Return the ARN of a role that is given by its name; an ARN stays as it is."""
        if "/" in role:
            return role
        client = client_of(self.settings, "iam", self.get_session(region_name), on_failure=self._forget)
        return str(client.get_role(RoleName=role)["Role"]["Arn"])

    def failed(self, error: BaseException) -> BaseException:
        """Return the error that names the connection, or the same one where it is about something else."""
        return failure_of(self.settings, error) or error

    def _whoami(self) -> Any:
        return client_of(self.settings, "sts", self.get_session(), on_failure=self._forget).get_caller_identity()

    def test_connection(self) -> tuple[bool, str]:
        """Ask AWS who is logged in; return whether it says so, with a sentence for people."""
        try:
            who = self._whoami()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, people shall read it in the form
            return False, str(error)
        return True, f"Logged in as {who['Arn']}"


class AwsBaseHook(AwsGenericHook[Any]):
    """A client of one of the services of AWS, of any type."""
