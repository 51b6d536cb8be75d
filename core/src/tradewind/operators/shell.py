"""Running a command or a program for a task, with its output in the task's log."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any


class Shell:
    """Runs commands with bash, one at a time.

    Args:
        log: what gets each line of their output.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False

    def run(self, command: str, folder: str, env: Mapping[str, str], encoding: str) -> tuple[int, str]:
        """Run a command with bash and return its exit code and the last line of its output.

        Args:
            command: what bash is given.
            folder: where it runs.
            env: its environment, whole.
            encoding: how to read its output.
        """
        return self.run_program(["bash", "-c", command], folder, env, encoding)

    def run_program(
        self, arguments: Sequence[str], folder: str, env: Mapping[str, str], encoding: str = "utf-8"
    ) -> tuple[int, str]:
        """Run a program with its arguments as they are, without a shell; the rest as for :meth:`run`."""
        last_line = ""
        # A session of its own, so that kill() reaches what the command has started as well.
        with subprocess.Popen(  # noqa: S603 - running the author's command is the point
            list(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=env,
            start_new_session=True,
        ) as process:
            self._process = process
            if self._is_killed:  # while it began, when there was no process yet to be told
                self.kill()
            if process.stdout is not None:
                for raw in process.stdout:
                    last_line = raw.decode(encoding, errors="backslashreplace").rstrip()
                    self._log.info("%s", last_line)
        return process.returncode, last_line

    def kill(self) -> None:
        """Terminate the command and all it has started; one that is just beginning, or begins later, ends at once."""
        self._is_killed = True
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)


def environment(context: Any, env: Mapping[str, str] | None, *, append: bool) -> dict[str, str]:
    """Return the environment of a command.

    Args:
        context: of the task, which the command learns of by ``TRADEWIND_CTX_…``.
        env: the author's variables; None for none.
        append: whether they are added to the task's own environment, and not in place of it.
    """
    base = dict(os.environ) if env is None or append else {}
    return {**base, **context_variables(context), **(env or {})}


def context_variables(context: Any) -> dict[str, str]:
    """Return what a command can know of the task it runs in, as ``TRADEWIND_CTX_…`` environment variables."""
    ti, run = context["ti"], context["dag_run"]
    moment = run.logical_date
    return {
        "TRADEWIND_CTX_DAG_ID": ti.dag_id,
        "TRADEWIND_CTX_TASK_ID": ti.task_id,
        "TRADEWIND_CTX_DAG_RUN_ID": run.run_id,
        "TRADEWIND_CTX_TRY_NUMBER": str(ti.try_number),
        "TRADEWIND_CTX_EXECUTION_DATE": moment.isoformat() if moment is not None else "",
    }
