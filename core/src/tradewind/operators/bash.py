"""An operator that runs a shell command."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from tradewind_plugins.decorated import DecoratedOperator
from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.operator import BaseOperator

from tradewind.operators.shell import Shell, environment


class BashOperator(BaseOperator):
    """Runs a command with bash; the last line of its output is the task's XCom.

    Args:
        bash_command: the command, or the name of a script ending in ``.sh`` or ``.bash`` beside the DAG; templated.
        env: the environment of the command in place of the task's own; templated.
        append_env: whether ``env`` is added to the task's environment instead.
        output_encoding: how to read the output.
        skip_on_exit_code: the exit code, or codes, that skip the task; None for none.
        cwd: the folder to run in; None for a temporary one; templated.
        output_processor: makes the XCom of the last line.
    """

    template_fields: Sequence[str] = ("bash_command", "env", "cwd")
    template_fields_renderers: Mapping[str, str] = {"bash_command": "bash", "env": "json"}
    template_ext: Sequence[str] = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str,
        env: Mapping[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = dict(env) if env is not None else None
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code = skip_on_exit_code
        self.cwd = cwd
        self.output_processor = output_processor
        self._shell = Shell(self.log)

    def execute(self, context: Any) -> Any:
        """Run the command, logging its output line by line.

        Raises:
            TradewindSkipException: it exited with a code of ``skip_on_exit_code``.
            TradewindException: it exited with another code but 0, or ``cwd`` is no folder.
        """
        if self.cwd is None:
            with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
                code, last_line = self._run(folder, context)
        else:
            code, last_line = self._run(self.cwd, context)
        if self._skips(code):
            raise TradewindSkipException(f"The command exited with code {code}: skipping.")
        if code != 0:
            raise TradewindException(f"The command of task {self.task_id!r} exited with code {code}.")
        return self.output_processor(last_line) if self.output_processor else last_line

    def _skips(self, code: int) -> bool:
        codes = self.skip_on_exit_code
        return code == codes if codes is None or isinstance(codes, int) else code in codes

    def _run(self, folder: str, context: Any) -> tuple[int, str]:
        if not os.path.isdir(folder):  # noqa: PTH112 - cwd is a plain text
            raise TradewindException(f"Task {self.task_id!r}: cwd {folder!r} is not a folder.")
        surroundings = environment(context, self.env, append=self.append_env)
        return self._shell.run(self.bash_command, folder, surroundings, self.output_encoding)

    def on_kill(self) -> None:
        """Terminate the command and all it has started."""
        self._shell.kill()


class DecoratedBashOperator(DecoratedOperator, BashOperator):
    """Calls a function, and runs the command that it returns: what ``@task.bash`` makes.

    Args:
        python_callable, op_args, op_kwargs, templates_dict, templates_exts: the function and its arguments, see
            ``DecoratedOperator``. The command that it returns is a template, as ``bash_command`` is.
        env, append_env, output_encoding, skip_on_exit_code, cwd, output_processor: see :class:`BashOperator`.
        bash_command: what the function returns, so it is not given.
        multiple_outputs: says nothing, as the result is the last line of the output; taken with a warning.

    Raises ``TradewindException`` when the function cannot be called with these arguments, or ``bash_command`` is given.
    """

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, "env", "cwd")
    template_fields_renderers: Mapping[str, str] = {**DecoratedOperator.template_fields_renderers, "env": "json"}
    template_ext = BashOperator.template_ext
    ui_color = BashOperator.ui_color

    def __init__(self, *, bash_command: str = "", multiple_outputs: bool = False, **kwargs: Any) -> None:
        super().__init__(bash_command=bash_command, **kwargs)
        if bash_command:
            raise TradewindException(
                f"Task {self.task_id!r}: the function returns the command; leave out bash_command."
            )
        if multiple_outputs:
            warnings.warn(
                f"Task {self.task_id!r}: multiple_outputs means nothing for @task.bash, whose result is a text",
                UserWarning,
                stacklevel=4,  # through the call of the decorated function
            )

    def execute(self, context: Any) -> Any:
        """Call the function, run the command that it returns, and return the last line of the output.

        Raises:
            TradewindSkipException: the command exited with a code of ``skip_on_exit_code``.
            TradewindException: it exited with another code but 0, or the function returned no command.
        """
        context["templates_dict"] = self.templates_dict
        command = self.call(context)
        if not isinstance(command, str) or not command.strip():
            raise TradewindException(
                f"The function of task {self.task_id!r} must return a command as text, not {command!r}."
            )
        # A task has Jinja; the processor, which loads this module before it forks, would keep 9 MB for nothing
        from tradewind.authoring.templating import render_text  # noqa: PLC0415

        self.bash_command = render_text(self, "bash_command", command, context)
        return BashOperator.execute(self, context)
