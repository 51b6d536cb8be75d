"""An operator that runs a shell command."""
import os
import signal
import subprocess
import tempfile

from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.operator import BaseOperator


class BashOperator(BaseOperator):
    """Runs a command with bash; the last line of its output is the task's XCom."""

    template_fields = ("bash_command", "env", "cwd")
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(self, *, bash_command, env=None, append_env=False, skip_on_exit_code=99, cwd=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.skip_on_exit_code = skip_on_exit_code
        self.cwd = cwd
        self._process = None

    def execute(self, context):
        """Run the command, logging its output line by line, and return the last line."""
        with tempfile.TemporaryDirectory(prefix="tradewind-") as folder:
            code, last_line = self._run(self.cwd or folder)
        if self.skip_on_exit_code is not None and code == self.skip_on_exit_code:
            raise TradewindSkipException("The command exited with code {}: skipping.".format(code))
        if code != 0:
            raise TradewindException("The command of task {!r} exited with code {}.".format(self.task_id, code))
        return last_line

    def _run(self, folder):
        last_line = ""
        process = subprocess.Popen(
            ["bash", "-c", self.bash_command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=self._environment(),
            start_new_session=True,  # so that on_kill reaches what the command has started as well
        )
        self._process = process
        with process:
            for raw in process.stdout:
                last_line = raw.decode("utf-8", errors="backslashreplace").rstrip()
                self.log.info("%s", last_line)
        return process.returncode, last_line

    def _environment(self):
        if self.env is None:
            return None
        return dict(os.environ, **self.env) if self.append_env else dict(self.env)

    def on_kill(self):
        """Terminate the command and all it has started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
