import os
import signal
import threading
from pathlib import Path

import pytest
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindSkipException
from tradewind_ssh.hooks.ssh import SSHHook
from tradewind_ssh.operators.ssh import SSHOperator

pytestmark = pytest.mark.backed_by("real", "OpenSSH")


class Pushes:
    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


def run(command, context=None, **arguments):
    return SSHOperator(task_id="t", command=command, ssh_conn_id="ssh_default", **arguments).execute(context or {})


def test_the_result_is_the_output_as_text(desk):
    assert run("echo grüezi; echo oh >&2") == "grüezi\n"
    assert run("printf '\\377'") == "\ufffd"


def test_the_default_connection(desk):
    assert SSHOperator(task_id="t", command="echo hello").execute({}) == "hello\n"


def test_the_exit_status_is_an_xcom_of_its_own(desk):
    ti = Pushes()
    run("true", {"ti": ti})
    assert ti.pushed == {"ssh_exit": 0}
    with pytest.raises(TradewindException):
        run("exit 3", {"ti": ti})
    assert ti.pushed == {"ssh_exit": 3}
    ti = Pushes()
    run("true", {"ti": ti}, do_xcom_push=False)
    assert ti.pushed == {}


def test_a_failure_tells_task_connection_status_and_what_the_command_said(desk):
    with pytest.raises(
        TradewindException, match=r"task 't': .* connection 'ssh_default' ended with exit status 3: no disk"
    ):
        run("echo no disk >&2; exit 3")
    with pytest.raises(TradewindException, match=r"ended by a signal"):
        run("kill -9 $$")


@pytest.mark.parametrize("codes", [3, [2, 3]])
def test_a_status_may_skip(desk, codes):
    with pytest.raises(TradewindSkipException, match=r"exit status 3"):
        run("exit 3", skip_on_exit_code=codes)
    with pytest.raises(TradewindException, match=r"exit status 4"):
        run("exit 4", skip_on_exit_code=codes)


def test_a_hook_that_is_given(desk, sshd):
    hook = SSHHook("ssh_default", cmd_timeout=0.2)
    with pytest.raises(TradewindException, match=r"silent for 0.2 s"):
        SSHOperator(task_id="t", command="sleep 63.5", ssh_hook=hook).execute({})


def test_another_host_and_times(desk, change):
    change(host="nowhere.invalid")
    with pytest.raises(ConnectionFailed):
        run("true")
    assert run("echo there", remote_host="127.0.0.1") == "there\n"
    task = SSHOperator(task_id="t", command="true", conn_timeout=3, banner_timeout=4)
    assert (task.hook.conn_timeout, task.hook.banner_timeout) == (3, 4)


def test_times_variables_and_a_terminal(desk):
    with pytest.raises(TradewindException, match=r"silent for 0.3 s"):
        run("sleep 63.5", cmd_timeout=0.3)
    assert run("echo $GREETING", environment={"GREETING": "hello"}) == "hello\n"
    assert run("test -t 1 && printf yes", get_pty=True) == "yes"


def test_sudo_gets_a_terminal(desk):
    path = "sudo() { test -t 1 && printf terminal; }; sudo true"
    assert run("sudo=1; " + path, get_pty=True) == "terminal"
    with pytest.raises(TradewindException, match=r"exit status"):
        run("sudo_that_is_not_there")


def test_a_command_is_needed(desk):
    with pytest.raises(TradewindException, match=r"task 't': SSHOperator needs a command"):
        SSHOperator(task_id="t").execute({})


def test_what_is_templated():
    assert SSHOperator.template_fields == ("command", "environment", "remote_host")
    assert {".sh", ".bash"} <= set(SSHOperator.template_ext)


class KilledError(BaseException):  # as what ends a task is; paramiko takes an Exception for a cut connection
    pass


def test_a_kill_ends_the_command_on_the_server_too(desk, tmp_path):
    task = SSHOperator(task_id="t", command="echo begun; sleep 64.5 & sleep 64.5", ssh_conn_id="ssh_default")
    begun = threading.Event()

    def kill(_number, _frame):
        task.on_kill()
        raise KilledError

    def send():
        while not is_running("64.5"):
            begun.wait(0.02)
        os.kill(os.getpid(), signal.SIGUSR1)

    previous = signal.signal(signal.SIGUSR1, kill)
    try:
        threading.Thread(target=send, daemon=True).start()
        with pytest.raises(KilledError):
            task.execute({})
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert is_gone("64.5")
    task.on_kill()  # once more does no harm


def is_running(mark):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return any(mark in each for each in found)


def is_gone(mark):
    """Whether no process has this in its command line, or soon none will have: one that was killed takes a moment to end."""
    for _ in range(500):
        if not is_running(mark):
            return True
        threading.Event().wait(0.01)
    return False
