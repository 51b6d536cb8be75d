"""The sensor for SFTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradewind_plugins.callables import context_arguments
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor, PokeReturnValue

from tradewind_sftp.hooks.sftp import SFTPHook
from tradewind_sftp.times import seconds_of
from tradewind_sftp.triggers.sftp import SFTPTrigger

__all__ = ["SFTPSensor"]


class SFTPSensor(BaseSensor):
    """Wait until a file is on a server, or files that fit a pattern are.

    Arguments:
        path: of the file, or with `file_pattern` of the folder (templated).
        file_pattern: such as `*.csv`; names of files in the folder that are waited for.
        newer_than: an instant, as a datetime or as text; files that were changed earlier do not count (templated).
        sftp_conn_id: the connection.
        python_callable: called when files are there, with `files_found` and those context variables that it asks for; the sensor's
            XCom has its result as `decorator_return_value`, and the wait goes on while that is false.
        op_args: its positional arguments.
        op_kwargs: its keyword arguments.
        use_managed_conn: as of the hook.
        deferrable: wait in a triggerer, and keep no worker waiting.
    """

    template_fields: Sequence[str] = ("path", "newer_than")
    ui_color = "#dfe9ee"

    def __init__(
        self,
        *,
        path: str,
        file_pattern: str = "",
        newer_than: datetime | str | None = None,
        sftp_conn_id: str = "sftp_default",
        python_callable: Callable[..., Any] | None = None,
        op_args: Sequence[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        use_managed_conn: bool = True,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.file_pattern = file_pattern
        self.newer_than = newer_than
        self.sftp_conn_id = sftp_conn_id
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        self.use_managed_conn = use_managed_conn
        self.deferrable = deferrable
        if deferrable and python_callable is not None:
            raise TradewindException(
                f"Task {self.task_id!r}: python_callable runs in the task and not in a triggerer: leave out deferrable"
            )

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Look once."""
        hook = SFTPHook(self.sftp_conn_id, use_managed_conn=self.use_managed_conn)
        files = hook.find_files(self.path, self.file_pattern, self.newer_than)
        if not files:
            return False
        self.log.info("Found %s", ", ".join(files))
        if self.python_callable is None:
            return True
        given = {**self.op_kwargs, "files_found": files}
        # What it has no parameter for, it does not get
        own = context_arguments(self.python_callable, self.op_args, self.op_kwargs, {**(context or {}), **given})
        result = self.python_callable(*self.op_args, **own)
        return PokeReturnValue(bool(result), {"files_found": files, "decorator_return_value": result})

    def execute(self, context: Any) -> Any:
        """Wait, here or in a triggerer."""
        if not self.deferrable:
            return super().execute(context)
        if self._look(context):
            return None
        newer_than = None if self.newer_than is None else seconds_of(self.newer_than)
        return self.defer(
            trigger=SFTPTrigger(
                path=self.path,
                file_pattern=self.file_pattern,
                sftp_conn_id=self.sftp_conn_id,
                newer_than=newer_than,
                poke_interval=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """Go on after the trigger has found files."""
        self.log.info("Found %s", ", ".join(event["files"]))
