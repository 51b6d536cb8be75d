"""The hook for SSH."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import current

from tradewind_ssh.commands import RemoteCommand
from tradewind_ssh.keys import AcceptUnknown, RefuseUnknown, host_key_of, private_key_of
from tradewind_ssh.settings import SSHSettings, settings_of
from tradewind_ssh.tunnel import Tunnel

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = lazy_client("paramiko", extra="ssh")

__all__ = ["SSHHook"]

_ATTEMPTS = 3
_AT_ONCE_SECONDS = 2.0
_PROXY_SECONDS = 5.0
_USER_CONFIG = "~/.ssh/config"


class SSHHook(BaseHook):
    """Commands, tunnels and a client on a server.

    Nothing is read and nobody is asked before the first connection. What is given here counts more than the connection.

    Arguments:
        ssh_conn_id: the id of the connection. Without it, and with `remote_host`, all is given here.
        remote_host: the server's name or address.
        username: who logs in.
        password: secret.
        key_file: the path of a private key.
        port: the server's TCP port.
        timeout: the old name of `conn_timeout`.
        conn_timeout: seconds to reach the server (10).
        cmd_timeout: seconds that a command may be silent; 0 for no limit, which is the default.
        keepalive_interval: seconds between two signs of life (30); 0 for none.
        banner_timeout: seconds until the server has said who it is (30).
        disabled_algorithms: algorithms by kind that are not offered, as paramiko has them.
        ciphers: the only ciphers, in the order of preference.
        auth_timeout: seconds until the server has answered a login (30).
        host_proxy_cmd: a command that the connection goes through.
    """

    conn_name_attr: ClassVar[str] = "ssh_conn_id"
    default_conn_name: ClassVar[str] = "ssh_default"
    conn_type: ClassVar[str] = "ssh"
    hook_name: ClassVar[str] = "SSH"

    def __init__(  # noqa: PLR0917 - Airflow's order
        self,
        ssh_conn_id: str | None = None,
        remote_host: str = "",
        username: str | None = None,
        password: str | None = None,
        key_file: str | None = None,
        port: int | None = None,
        timeout: float | None = None,
        conn_timeout: float | None = None,
        cmd_timeout: float | None = None,
        keepalive_interval: float | None = None,
        banner_timeout: float | None = None,
        disabled_algorithms: Mapping[str, Any] | None = None,
        ciphers: list[str] | None = None,
        auth_timeout: float | None = None,
        host_proxy_cmd: str | None = None,
    ) -> None:
        super().__init__()
        self.ssh_conn_id = ssh_conn_id or (None if remote_host else self.default_conn_name)
        self.remote_host = remote_host
        self.username = username
        self.password = password
        self.key_file = key_file
        self.port = port
        self.conn_timeout = timeout if conn_timeout is None else conn_timeout
        self.cmd_timeout = cmd_timeout
        self.keepalive_interval = keepalive_interval
        self.banner_timeout = banner_timeout
        self.disabled_algorithms = disabled_algorithms
        self.ciphers = ciphers
        self.auth_timeout = auth_timeout
        self.host_proxy_cmd = host_proxy_cmd
        self.client: paramiko.SSHClient | None = None
        self._command: RemoteCommand | None = None
        self._proxy: Any = None

    @property
    def settings(self) -> SSHSettings:
        """What the connection says, with what this hook was told instead.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
            TradewindException: it has no host, or its extra makes no sense.
        """
        connection = self.get_connection(self.ssh_conn_id) if self.ssh_conn_id else None
        told = {name: getattr(self, name) for name in SSHSettings.__fields__ if hasattr(self, name)}
        found = settings_of(connection, {**told, "host": self.remote_host or None})
        for secret in (found.password, found.private_key, found.private_key_passphrase):
            if secret:
                current().mask(secret)
        return found

    def get_conn(self) -> paramiko.SSHClient:
        """Return the connected client, as `get_ssh_client` does."""
        return self.get_ssh_client()

    def get_ssh_client(self) -> paramiko.SSHClient:
        """Return the connected client: the one of the last call while it lives.

        Raises:
            ConnectionFailed: the server cannot be reached, is not known, or refuses the login.
        """
        transport = None if self.client is None else self.client.get_transport()
        if self.client is not None and transport is not None and transport.is_active():
            return self.client
        self.close()
        settings = self.settings
        with self.naming():
            self.client = self._connected(settings)
        return self.client

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        transport = None if self.client is None else self.client.get_transport()
        if self.client is not None:
            self.client.close()
            self.client = None
        if self._proxy is not None:
            _end_process(self._proxy.process, transport)
            self._proxy = None

    def __enter__(self) -> SSHHook:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Turn errors of SSH, and of sockets, into `ConnectionFailed` that names the connection."""
        errors = (paramiko.SSHException, EOFError, ConnectionError, TimeoutError, OSError)
        if self.ssh_conn_id:
            with self.naming_errors(*errors):
                yield
            return
        try:
            yield
        except errors as error:
            raise ConnectionFailed(f"SSH to {self.remote_host}: {error}") from error

    def _connected(self, settings: SSHSettings) -> paramiko.SSHClient:
        for attempt in range(1, _ATTEMPTS):
            began = time.monotonic()
            try:
                return self._connect(settings)
            except (paramiko.SSHException, EOFError, ConnectionResetError, BrokenPipeError) as error:
                # A server with too many logins at once (MaxStartups) hangs up before it has said who it is
                hung_up = "banner" in str(error) or not isinstance(error, paramiko.SSHException)
                if not hung_up or time.monotonic() - began > _AT_ONCE_SECONDS:
                    raise
                self.log.info("The server hung up at once, attempt %d of %d: %s", attempt, _ATTEMPTS, error)
            time.sleep(0.5 * attempt + int.from_bytes(os.urandom(1), "big") / 512)
        return self._connect(settings)

    def _connect(self, settings: SSHSettings) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        self._say_who_is_known(client, settings)
        own = _own_config(settings.host)
        command = settings.host_proxy_cmd or own.get("proxycommand")
        key = (
            private_key_of(settings.private_key, settings.private_key_passphrase, self._name)
            if settings.private_key
            else None
        )
        key_file = settings.key_file or (None if key else (own.get("identityfile") or [None])[0])
        if key_file and not os.path.isfile(os.path.expanduser(key_file)):  # noqa: PTH111, PTH113 - as paramiko reads it
            raise TradewindException(f"connection {self._name!r}: there is no key_file {key_file!r} on this machine")
        self._proxy = paramiko.ProxyCommand(command) if command else None
        try:
            client.connect(
                settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password,
                pkey=key,
                key_filename=os.path.expanduser(key_file) if key_file else None,  # noqa: PTH111
                passphrase=settings.private_key_passphrase,
                timeout=settings.conn_timeout,
                allow_agent=settings.look_for_keys,
                look_for_keys=settings.look_for_keys and not key,
                compress=settings.compress,
                sock=self._proxy,
                banner_timeout=settings.banner_timeout,
                auth_timeout=settings.auth_timeout,
                disabled_algorithms=settings.disabled_algorithms,
                **self._with_ciphers(settings.ciphers),
            )
        except BaseException:
            self.client = client
            self.close()
            raise
        transport = client.get_transport()
        if settings.keepalive_interval and transport is not None:
            transport.set_keepalive(int(settings.keepalive_interval))
        return client

    def _say_who_is_known(self, client: paramiko.SSHClient, settings: SSHSettings) -> None:
        # A class of one's own in place of paramiko's, which cannot be derived from before it is imported
        policy: Any = AcceptUnknown(self.log) if settings.no_host_key_check else RefuseUnknown()
        client.set_missing_host_key_policy(policy)
        if settings.host_key:
            key = host_key_of(settings.host_key, self._name)
            name = settings.host if settings.port == 22 else f"[{settings.host}]:{settings.port}"
            client.get_host_keys().add(name, key.get_name(), key)
        elif settings.allow_host_key_change:
            self.log.warning("The server's key is not compared with the known one, as allow_host_key_change says")
        else:
            client.load_system_host_keys()

    def _with_ciphers(self, ciphers: Any) -> dict[str, Any]:
        """Return the argument of `connect` that leaves these ciphers only; none for paramiko's own choice."""
        if not ciphers:
            return {}
        if "transport_factory" not in paramiko.SSHClient.connect.__code__.co_varnames:
            raise TradewindException(
                f"connection {self._name!r} has ciphers, which paramiko {paramiko.__version__} cannot choose; "
                f"install paramiko 2.12 or newer"
            )

        def make(sock: Any, **kwargs: Any) -> paramiko.Transport:
            transport = paramiko.Transport(sock, **kwargs)
            try:
                transport.get_security_options().ciphers = list(ciphers)
            except ValueError:
                sock.close()
                raise paramiko.SSHException(f"one of the ciphers {', '.join(ciphers)} is not known") from None
            return transport

        return {"transport_factory": make}

    @property
    def _name(self) -> str:
        return self.ssh_conn_id or self.remote_host

    def get_tunnel(self, remote_port: int, remote_host: str = "localhost", local_port: int | None = None) -> Tunnel:
        """Return a tunnel from a port of this machine to one that the server reaches; start it, or use it in `with`.

        Arguments:
            remote_port: the TCP port to reach.
            remote_host: where it is, as the server sees it.
            local_port: the TCP port here; None for a free one, which is the tunnel's `local_bind_port`.
        """
        return Tunnel(self, remote_host, int(remote_port), int(local_port or 0))

    def exec_ssh_client_command(
        self,
        ssh_client: paramiko.SSHClient,
        command: str,
        get_pty: bool = False,
        environment: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Run a command to its end; return exit status, standard output and standard error. Its lines are logged.

        Arguments:
            ssh_client: what `get_conn` returned.
            command: the words for the user's shell there.
            get_pty: whether it gets a terminal; its standard error is in its output then.
            environment: variables for it.
            timeout: seconds that it may be silent; None for what hook and connection say, 0 for no limit.

        Raises:
            ConnectionFailed: the connection was cut.
            TradewindException: it was silent for too long; it was ended.
        """
        limit = self.settings.cmd_timeout if timeout is None else timeout
        self.log.info("Running command: %s", command)
        with self.naming():
            try:
                self._command = RemoteCommand(
                    ssh_client, command, get_pty=get_pty, environment=environment, timeout=limit or None, log=self.log
                )
                return self._command.wait()
            except (EOFError, ConnectionError):
                self.close()  # paramiko's reader may not know yet that the connection is cut, and would be asked again
                raise
            finally:
                self._command = None

    def end_command(self) -> None:
        """End the command that runs, as a signal handler may; nothing where none runs."""
        if self._command is not None:
            self._command.end()

    def test_connection(self) -> tuple[bool, str]:
        """Log in and say whether it worked; a server that allows no commands is fine too."""
        try:
            transport = self.get_ssh_client().get_transport()
            version = "" if transport is None else transport.remote_version
        except TradewindException as error:
            return False, str(error)
        finally:
            self.close()
        return True, f"logged in; the server is {version}"


def _end_process(process: Any, reader: Any) -> None:
    """End a proxy command and close its pipes; paramiko only asks it to end.

    Arguments:
        process: the proxy command.
        reader: the thread that reads from it, and ends it by its number, so it may not be waited for before; None where there
            is no such thread yet.
    """
    if reader is not None:
        reader.join(_PROXY_SECONDS)
    process.terminate()
    until = time.monotonic() + _PROXY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        try:
            pipe.close()
        except BrokenPipeError:  # what was still to be written has no reader any more
            continue


def _own_config(host: str) -> dict[str, Any]:
    """Return what the user's own file says about a host."""
    path = os.path.expanduser(_USER_CONFIG)  # noqa: PTH111 - paramiko's habit
    if not os.path.isfile(path):  # noqa: PTH113
        return {}
    config = paramiko.SSHConfig()
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123
        config.parse(lines)
    return dict(config.lookup(host))
