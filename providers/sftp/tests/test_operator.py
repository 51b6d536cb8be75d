import os
import signal
import threading

import pytest
from tradewind_plugins.exceptions import TradewindException
from tradewind_sftp.hooks.sftp import SFTPHook
from tradewind_sftp.operators.sftp import SFTPOperation, SFTPOperator
from tradewind_ssh.hooks.ssh import SSHHook

pytestmark = pytest.mark.backed_by("real", "OpenSSH")


def run(context=None, **arguments):
    return task_of(**arguments).execute(context or {})


def task_of(**arguments):
    paths = {name: _texts(paths) for name, paths in arguments.items() if "filepath" in name}
    return SFTPOperator(task_id="t", **{**arguments, **paths})


def _texts(paths):
    return [str(each) for each in paths] if isinstance(paths, list) else str(paths)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_sent_and_fetched(remote, local):
    (local / "a").write_text("grain")
    assert run(local_filepath=local / "a", remote_filepath=remote / "a") == str(local / "a")
    assert (remote / "a").read_text() == "grain"
    assert run(local_filepath=local / "b", remote_filepath=remote / "a", operation=SFTPOperation.GET) == str(
        local / "b"
    )
    assert (local / "b").read_text() == "grain"
    run(remote_filepath=remote / "a", operation="DELETE")
    assert names(remote) == []


def test_several_files_over_one_connection(remote, local):
    for name in "abc":
        (local / name).write_text(name)
    here, there = [local / name for name in "abc"], [remote / name for name in "abc"]
    assert run(local_filepath=here, remote_filepath=there) == [str(each) for each in here]
    assert [(remote / name).read_text() for name in "abc"] == ["a", "b", "c"]
    run(remote_filepath=there, operation="delete")
    assert names(remote) == []


def test_folders_go_whole(remote, local):
    (local / "d" / "e").mkdir(parents=True)
    (local / "d" / "e" / "f").write_text("deep")
    run(local_filepath=local / "d", remote_filepath=remote / "d")
    run(local_filepath=local / "back", remote_filepath=remote / "d", operation="get")
    assert (local / "back" / "e" / "f").read_text() == "deep"
    run(remote_filepath=remote / "d", operation="delete")
    assert names(remote) == []


def test_folders_above_are_made_where_they_shall(remote, local):
    (local / "a").write_text("grain")
    with pytest.raises(FileNotFoundError):
        run(local_filepath=local / "a", remote_filepath=remote / "x" / "y" / "a")
    run(local_filepath=local / "a", remote_filepath=remote / "x" / "y" / "a", create_intermediate_dirs=True)
    down = {"remote_filepath": remote / "x" / "y" / "a", "local_filepath": local / "v" / "w" / "a", "operation": "get"}
    with pytest.raises(FileNotFoundError):
        run(**down)
    run(**down, create_intermediate_dirs=True)
    assert (local / "v" / "w" / "a").read_text() == "grain"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"operation": "move", "local_filepath": "a", "remote_filepath": "a"}, "put, get or delete, not 'move'"),
        ({"local_filepath": ["a", "b"], "remote_filepath": "a"}, "1 paths in remote_filepath and 2 in local_filepath"),
        ({"remote_filepath": "a"}, "go in pairs"),
        ({"operation": "delete", "local_filepath": "a", "remote_filepath": "a"}, "local_filepath is not given"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, told):
    with pytest.raises(TradewindException, match=told):
        run(**arguments)


def test_other_ways_to_say_which_server(desk, sshd, remote, local):
    (local / "a").write_text("grain")
    desk.connections["other"] = desk.connections.pop("sftp_default").replace(conn_id="other")
    paths = {"local_filepath": local / "a", "remote_filepath": remote / "a"}
    run(**paths, ssh_conn_id="other")
    run(**paths, ssh_hook=SSHHook("other", username=sshd.login))
    run(**paths, sftp_hook=SFTPHook("other"))
    desk.connections["other"] = desk.connections["other"].replace(host="nowhere.invalid")
    run(**paths, ssh_conn_id="other", remote_host="127.0.0.1")
    with pytest.raises(TradewindException, match="'other'"):
        run(**paths, ssh_conn_id="other")


def test_without_a_name_of_its_own_in_between(remote, local):
    (local / "a").write_text("new")
    (remote / "a").write_text("old")
    (remote / "a").chmod(0o666)
    number = (remote / "a").stat().st_ino
    run(local_filepath=local / "a", remote_filepath=remote / "a", atomic=False, confirm=False)
    assert (remote / "a").stat().st_ino == number
    assert (remote / "a").read_text() == "new"


def test_what_is_templated():
    assert SFTPOperator.template_fields == ("local_filepath", "remote_filepath", "remote_host")


class KilledError(BaseException):  # as what ends a task is; paramiko takes an Exception for a cut connection
    pass


@pytest.mark.parametrize("operation", ["put", "get"])
def test_a_kill_in_mid_file_leaves_nothing_torn(change, remote, local, cutter, operation):
    # The connection stands still in the middle; there the task is killed as a task's process is, by an exception in a handler
    change({"host_key": None, "no_host_key_check": True, "compress": False}, port=cutter.port)
    (local / "a").write_bytes(os.urandom(3_000_000))
    (remote / "b").write_bytes(os.urandom(3_000_000))
    cutter.after, cutter.falls_silent = 1_000_000, True
    pair = ("a", "a") if operation == "put" else ("b", "b")
    task = task_of(local_filepath=local / pair[0], remote_filepath=remote / pair[1], operation=operation)

    def kill(_number, _frame):
        cutter.heal()
        task.on_kill()
        raise KilledError

    def send():
        cutter.has_struck.wait(20)
        os.kill(os.getpid(), signal.SIGUSR1)

    previous = signal.signal(signal.SIGUSR1, kill)
    try:
        threading.Thread(target=send, daemon=True).start()
        with pytest.raises(KilledError):
            task.execute({})
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert names(local) == ["a"]
    assert names(remote) == ["b"]


class Instance:
    dag_id, task_id, run_id, execution_date, map_index = "d", "t", "r", None, -1


def test_what_a_killed_process_left_is_written_over_by_the_next_try(remote, local):
    (local / "a").write_text("grain")
    seen = []

    class Watching(SFTPHook):
        def store_file(self, *args, **kwargs):
            seen.append(args[-1])

    for _ in range(2):
        run({"ti": Instance()}, local_filepath=local / "a", remote_filepath=remote / "a", sftp_hook=Watching())
    assert seen[0] == seen[1] != ""
