"""A sensor that asks a shell command."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindFailException
from tradewind_plugins.sensor import BaseSensor

from tradewind.operators.shell import Shell, environment


class BashSensor(BaseSensor):
    """Waits until a command exits with 0. Each look runs it, with bash, in a temporary folder.

    Args:
        bash_command: the command; templated.
        env: the environment of the command in place of the task's own; templated.
        output_encoding: how to read the output.
        retry_exit_code: the exit code that means not yet, so that any other but 0 fails the task for good; None to
            wait on after each.
    """

    template_fields: Sequence[str] = ("bash_command", "env")
    template_fields_renderers: Mapping[str, str] = {"bash_command": "bash", "env": "json"}
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str,
        env: Mapping[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = dict(env) if env is not None else None
        self.output_encoding = output_encoding
        self.retry_exit_code = retry_exit_code
        self._shell = Shell(self.log)

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Run the command.

        Raises:
            TradewindFailException: it exited neither with 0 nor with ``retry_exit_code``.
        """
        surroundings = environment(context, self.env, append=False)
        with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
            code, _ = self._shell.run(self.bash_command, folder, surroundings, self.output_encoding)
        if code != 0 and self.retry_exit_code is not None and code != self.retry_exit_code:
            raise TradewindFailException(
                f"The command of sensor {self.task_id!r} exited with code {code}; "
                f"only {self.retry_exit_code} means to look again."
            )
        return code == 0

    def on_kill(self) -> None:
        """Terminate the command and all it has started."""
        self._shell.kill()
