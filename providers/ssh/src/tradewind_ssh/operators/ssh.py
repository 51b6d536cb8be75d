"""The operator for SSH."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.operator import BaseOperator

from tradewind_ssh.hooks.ssh import SSHHook

if TYPE_CHECKING:
    import paramiko

__all__ = ["SSHOperator"]

_SHOWN_OF_ERRORS = 2000


class SSHOperator(BaseOperator):
    """Run a command on a server.

    The result is what it writes to its standard output, as text. Its exit status is the XCom `ssh_exit`.

    Arguments:
        command: the words for the user's shell there, or the path of a `.sh` or `.bash` file (templated).
        ssh_conn_id: the connection.
        ssh_hook: in place of the connection.
        remote_host: another host than the connection's (templated).
        conn_timeout: seconds to reach the server.
        cmd_timeout: seconds that the command may be silent; 0 for no limit.
        environment: variables for the command, which the server must be told to take (`AcceptEnv`) (templated).
        get_pty: whether the command gets a terminal; one that begins with `sudo` always does.
        banner_timeout: seconds until the server has said who it is.
        skip_on_exit_code: an exit status, or several, with which the task ends as skipped.
    """

    template_fields: Sequence[str] = ("command", "environment", "remote_host")
    template_ext: Sequence[str] = (".sh", ".bash", ".csh", ".zsh", ".dash", ".ksh")
    template_fields_renderers: Mapping[str, str] = {"command": "bash", "environment": "python"}
    ui_color = "#dcdcdc"

    def __init__(
        self,
        *,
        command: str | None = None,
        ssh_conn_id: str | None = None,
        ssh_hook: SSHHook | None = None,
        remote_host: str | None = None,
        conn_timeout: float | None = None,
        cmd_timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
        get_pty: bool = False,
        banner_timeout: float | None = None,
        skip_on_exit_code: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.ssh_conn_id = ssh_conn_id
        self.ssh_hook = ssh_hook
        self.remote_host = remote_host
        self.conn_timeout = conn_timeout
        self.cmd_timeout = cmd_timeout
        self.environment = environment
        self.get_pty = get_pty
        self.banner_timeout = banner_timeout
        codes = [skip_on_exit_code] if isinstance(skip_on_exit_code, int) else skip_on_exit_code
        self.skip_on_exit_code = list(codes or ())
        self._hook: SSHHook | None = None

    @property
    def hook(self) -> SSHHook:
        """The client of the connection, or the hook that was given; the same one at each call."""
        if self._hook is None:
            self._hook = self.ssh_hook or SSHHook(
                self.ssh_conn_id or SSHHook.default_conn_name,
                conn_timeout=self.conn_timeout,
                banner_timeout=self.banner_timeout,
            )
            if self.remote_host:
                self._hook.remote_host = self.remote_host
        return self._hook

    def get_ssh_hook(self) -> SSHHook:
        """Airflow's name of `hook`."""
        return self.hook

    def get_ssh_client(self) -> paramiko.SSHClient:
        """Return the connected client."""
        return self.hook.get_conn()

    def execute(self, context: Any) -> str:
        """Run the command and return its output.

        Raises:
            TradewindException: its exit status is not 0.
            TradewindSkipException: it is one of `skip_on_exit_code`.
        """
        if not self.command:
            raise TradewindException(f"task {self.task_id!r}: SSHOperator needs a command")
        try:
            return self.run_ssh_client_command(self.get_ssh_client(), self.command, context=context)
        finally:
            self.hook.close()

    def run_ssh_client_command(self, ssh_client: paramiko.SSHClient, command: str, context: Any = None) -> str:
        """Run a command on a client, judge its exit status and return its output."""
        get_pty = self.get_pty or command.lstrip().startswith("sudo")
        status, out, err = self.hook.exec_ssh_client_command(
            ssh_client, command, get_pty=get_pty, environment=self.environment, timeout=self.cmd_timeout
        )
        if self.do_xcom_push and context and context.get("ti") is not None:
            context["ti"].xcom_push(key="ssh_exit", value=status)
        self.raise_for_status(status, err, context)
        return out.decode("utf-8", "replace")

    def raise_for_status(self, exit_status: int, stderr: bytes, context: Any = None) -> None:
        """Raise unless an exit status is 0.

        Raises:
            TradewindException: it is not.
            TradewindSkipException: it is one of `skip_on_exit_code`.
        """
        if exit_status == 0:
            return
        told = "was ended by a signal" if exit_status == -1 else f"ended with exit status {exit_status}"
        if exit_status in self.skip_on_exit_code:
            raise TradewindSkipException(f"the command {told}, which skips the task")
        errors = stderr.decode("utf-8", "replace").strip()[-_SHOWN_OF_ERRORS:]
        raise TradewindException(
            f"task {self.task_id!r}: the command on {self.hook.remote_host or 'connection ' + repr(self.hook.ssh_conn_id)} "
            f"{told}" + (f": {errors}" if errors else "")
        )

    def on_kill(self) -> None:
        """End the command on the server."""
        if self._hook is not None:
            self._hook.end_command()
