import inspect
import logging
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import paramiko
import pytest
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException
from tradewind_ssh import commands
from tradewind_ssh.hooks.ssh import SSHHook

pytestmark = pytest.mark.backed_by("real", "OpenSSH")


def run(hook, command, **kwargs):
    with hook:
        return hook.exec_ssh_client_command(hook.get_conn(), command, **kwargs)


def ssh(**kwargs):
    return SSHHook("ssh_default", **kwargs)


def unused_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_command_runs_and_its_lines_are_logged(desk, caplog):
    caplog.set_level(logging.INFO, "tradewind_ssh")
    assert run(ssh(), "echo grüezi; echo oh >&2; printf end; exit 3") == (3, "grüezi\nend".encode(), b"oh\n")
    levels = {record.getMessage(): record.levelno for record in caplog.records}
    assert levels["grüezi"] == levels["end"] == logging.INFO
    assert levels["oh"] == logging.WARNING


def test_much_output_comes_whole(desk, caplog):
    caplog.set_level(logging.CRITICAL)
    status, out, err = run(ssh(), "seq 100000; seq 50000 >&2")
    assert status == 0
    assert out == "".join(f"{each}\n" for each in range(1, 100001)).encode()
    assert len(err) == len("".join(f"{each}\n" for each in range(1, 50001)))


def test_what_a_command_leaves_running_is_not_waited_for(desk):
    assert run(ssh(), "sleep 30 & echo started")[:2] == (0, b"started\n")


def test_nothing_is_asked_before_the_first_connection():
    hook = SSHHook("nowhere", remote_host="nowhere.example", password="pw")
    assert "pw" not in repr(hook)


def test_the_client_is_kept_while_it_lives(desk):
    with ssh() as hook:
        first = hook.get_conn()
        assert hook.get_conn() is first
        first.close()
        assert hook.get_conn() is not first


def test_login_by_password(desk, sshd, change):
    if not sshd.password:
        pytest.skip("the server lets in by key only, as the tests do not run as root")
    change({"key_file": None, "look_for_keys": False})
    assert run(ssh(), "whoami")[1].decode().strip() == sshd.login
    assert sshd.password in desk.masked
    change({"key_file": None, "look_for_keys": "false"}, password="wr0ng")
    with pytest.raises(
        ConnectionFailed, match=r"connection 'ssh_default' \(ssh, 127.0.0.1:\d+\).*[Aa]uthentication"
    ) as caught:
        run(ssh(), "true")
    assert "wr0ng" not in str(caught.value)


def new_key(folder, kind, passphrase=""):
    path = folder / f"key_{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path


@pytest.fixture
def admit(sshd):
    """Let a key in until the test ends."""
    file = Path(sshd.extra_dejson["key_file"]).parent / "authorized_keys"
    before = file.read_text()

    def admitted(path):
        file.write_text(before + path.with_suffix(".pub").read_text())
        return path

    yield admitted
    file.write_text(before)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_login_by_the_text_of_a_key(change, desk, tmp_path, admit, kind):
    key = admit(new_key(tmp_path, kind)).read_text()
    change({"key_file": None, "private_key": key}, password=None)
    assert run(ssh(), "true")[0] == 0
    assert key in desk.masked


def test_login_by_an_encrypted_key(change, desk, tmp_path, admit):
    path = admit(new_key(tmp_path, "ed25519", "pass phrase"))
    change({"key_file": None, "private_key": path.read_text()}, password=None)
    with pytest.raises(TradewindException, match=r"'ssh_default' is encrypted: give private_key_passphrase"):
        run(ssh(), "true")
    change({"key_file": None, "private_key": path.read_text(), "private_key_passphrase": "wrong"}, password=None)
    with pytest.raises(TradewindException, match=r"cannot be read"):
        run(ssh(), "true")
    change({"key_file": None, "private_key": path.read_text(), "private_key_passphrase": "pass phrase"}, password=None)
    assert run(ssh(), "true")[0] == 0
    change({"key_file": str(path), "private_key_passphrase": "pass phrase"}, password=None)
    assert run(ssh(), "true")[0] == 0


def test_keys_that_are_none(change):
    change({"key_file": None, "private_key": "nonsense"})
    with pytest.raises(TradewindException, match=r"cannot be read") as caught:
        run(ssh(), "true")
    assert "nonsense" not in str(caught.value)
    change({"key_file": "/nowhere/key"})
    with pytest.raises(TradewindException, match=r"no key_file '/nowhere/key'"):
        run(ssh(), "true")
    change({"host_key": "ssh-ed25519 nonsense"})
    with pytest.raises(TradewindException, match=r"host_key in the extra of connection 'ssh_default' is no key"):
        run(ssh(), "true")


def test_a_server_that_is_not_known_is_refused_and_the_message_leads_out(change, sshd):
    change({"host_key": None})
    with pytest.raises(ConnectionFailed, match=r"not known; its key is ssh-.* put it as host_key"):
        run(ssh(), "true")


def test_a_server_with_another_key_is_refused(change, tmp_path):
    other = new_key(tmp_path, "ed25519").with_suffix(".pub").read_text()
    change({"host_key": other})
    with pytest.raises(ConnectionFailed, match=r"connection 'ssh_default'"):
        run(ssh(), "true")


def test_known_hosts_of_the_user_count(change, sshd, tmp_path):
    (tmp_path / ".ssh").mkdir()
    known = tmp_path / ".ssh" / "known_hosts"
    known.write_text(f"[{sshd.host}]:{sshd.port} {sshd.extra_dejson['host_key']}\n")
    change({"host_key": None})
    assert run(ssh(), "true")[0] == 0
    other = " ".join(new_key(tmp_path, "ed25519").with_suffix(".pub").read_text().split()[:2])
    known.write_text(f"[{sshd.host}]:{sshd.port} {other}\n")
    change({"host_key": None, "no_host_key_check": True})
    with pytest.raises(ConnectionFailed, match=r"does not match"):
        run(ssh(), "true")
    change({"host_key": None, "no_host_key_check": True, "allow_host_key_change": True})
    assert run(ssh(), "true")[0] == 0


def test_unknown_servers_can_be_let_in_with_a_warning(change, caplog):
    change({"host_key": None, "no_host_key_check": "true"})
    assert run(ssh(), "true")[0] == 0
    assert "is not known and let in" in caplog.text


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"no_host_key_check": True}, "contradict"),
        ({"host_key": None, "allow_host_key_change": True}, "no meaning"),
        ({"compress": "perhaps"}, "compress 'perhaps': it is true or false"),
        ({"conn_timeout": "soon"}, "conn_timeout 'soon'"),
    ],
)
def test_an_extra_that_makes_no_sense_is_refused(change, extra, told):
    change(extra)
    with pytest.raises(TradewindException, match=told):
        run(ssh(), "true")


def test_what_the_hook_is_told_counts_more_than_the_connection(desk):
    hook = SSHHook(
        "ssh_default",
        remote_host="other.example",
        port=2222,
        username="u",
        password="p",
        key_file="/k",
        conn_timeout=3,
        cmd_timeout=4,
        keepalive_interval=5,
        banner_timeout=6,
        auth_timeout=7,
        ciphers=["c"],
        disabled_algorithms={"kex": ["k"]},
        host_proxy_cmd="cmd",
    )
    found = vars(hook.settings)
    wanted = {"host": "other.example", "port": 2222, "username": "u", "password": "p", "key_file": "/k"}
    wanted.update(conn_timeout=3, cmd_timeout=4, keepalive_interval=5, banner_timeout=6, auth_timeout=7)
    wanted.update(ciphers=["c"], disabled_algorithms={"kex": ["k"]}, host_proxy_cmd="cmd")
    assert {name: found[name] for name in wanted} == wanted
    assert SSHHook("ssh_default", timeout=2).settings.conn_timeout == 2


def test_settings_of_the_extra(change):
    change({"timeout": "3", "cmd_timeout": None, "compress": "false", "ciphers": "a, b", "keepalive_interval": 0})
    settings = ssh().settings
    assert (settings.conn_timeout, settings.compress, settings.ciphers) == (3.0, False, ["a", "b"])
    assert settings.keepalive_interval == 0


def test_without_a_connection(desk, sshd):
    hook = SSHHook(remote_host=sshd.host, port=sshd.port, username=sshd.login, key_file=sshd.extra_dejson["key_file"])
    with pytest.raises(ConnectionFailed, match=r"SSH to 127.0.0.1.*not known"):
        hook.get_conn()
    assert SSHHook().ssh_conn_id == "ssh_default"
    with pytest.raises(TradewindNotFoundException):
        SSHHook("nowhere").get_conn()


def test_ciphers(change):
    change({"ciphers": ["aes256-ctr"]})
    if "transport_factory" not in inspect.signature(paramiko.SSHClient.connect).parameters:
        with pytest.raises(TradewindException, match=r"'ssh_default' has ciphers, which paramiko .* cannot choose"):
            ssh().get_conn()
        return
    with ssh() as hook:
        assert hook.get_conn().get_transport().remote_cipher == "aes256-ctr"
    change({"ciphers": "rot13"})
    with pytest.raises(ConnectionFailed, match=r"rot13"):
        ssh().get_conn()


def test_algorithms_that_are_not_offered(change):
    change({"disabled_algorithms": {"ciphers": ["aes128-ctr"]}})
    with ssh() as hook:
        assert hook.get_conn().get_transport().remote_cipher != "aes128-ctr"


BRIDGE = """
import os, select, socket, sys
server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    for end in select.select([server, 0], [], [])[0]:
        chunk = server.recv(65536) if end is server else os.read(0, 65536)
        if not chunk:
            sys.exit()
        server.sendall(chunk) if end == 0 else os.write(1, chunk)
"""


def test_a_proxy_command(change, sshd, tmp_path):
    (tmp_path / "bridge.py").write_text(BRIDGE)
    command = f"{sys.executable} {tmp_path / 'bridge.py'} {sshd.port}"
    change({"no_host_key_check": True, "host_key": None, "host_proxy_cmd": command}, host="nowhere.example")
    assert run(ssh(), "echo through")[1] == b"through\n"


def test_settings_of_the_users_own_file(change, sshd, tmp_path):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(f"Host {sshd.host}\n  IdentityFile {sshd.extra_dejson['key_file']}\n")
    change({"key_file": None, "look_for_keys": False}, password=None)
    assert run(ssh(), "true")[0] == 0


def test_variables_reach_a_command_where_the_server_takes_them(desk):
    assert run(ssh(), "echo $GREETING", environment={"GREETING": "hello"})[1] == b"hello\n"


def test_a_terminal(desk):
    assert run(ssh(), "test -t 1 && echo yes", get_pty=True)[1].strip() == b"yes"
    assert run(ssh(), "test -t 1 || echo no")[1] == b"no\n"


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


def test_a_silent_command_is_ended_after_its_timeout(desk, change):
    with pytest.raises(TradewindException, match=r"silent for 0.3 s"):
        run(ssh(), "echo begun; sleep 61.5", timeout=0.3)
    assert is_gone("61.5")
    change({"cmd_timeout": 0.2})
    with pytest.raises(TradewindException, match=r"silent for 0.2 s"):
        run(ssh(), "sleep 61.5")
    assert run(ssh(), "sleep 0.5; echo done", timeout=0)[1] == b"done\n"
    assert run(ssh(cmd_timeout=5), "sleep 0.5; echo done")[1] == b"done\n"


def test_a_command_that_ignores_sigterm_is_killed(desk, monkeypatch):
    monkeypatch.setattr(commands, "_GRACE_SECONDS", 0.5)
    with pytest.raises(TradewindException, match=r"was ended"):
        run(ssh(), "trap '' TERM; sleep 62.5 & wait; sleep 62.5", timeout=0.3)
    assert is_gone("62.5")


@pytest.fixture
def proxy(sshd, faults):
    """What stands between the client and the server, and cuts."""
    return faults(sshd.host, sshd.port)


def test_a_connection_that_is_cut_names_itself_and_the_next_try_works(change, proxy):
    change({"host_key": None, "no_host_key_check": True}, port=proxy.port)
    with ssh() as hook:
        client = hook.get_conn()
        client.exec_command("true")
        threading.Timer(0.3, proxy.cut).start()
        with pytest.raises(ConnectionFailed, match=r"connection 'ssh_default'.*cut"):
            hook.exec_ssh_client_command(client, "echo begun; sleep 3")
        assert hook.exec_ssh_client_command(hook.get_conn(), "echo again")[1] == b"again\n"


def test_a_server_that_hangs_up_at_once_is_asked_again(change, proxy):
    proxy.mode = "refuse"
    change({"host_key": None, "no_host_key_check": True}, port=proxy.port)
    with pytest.raises(ConnectionFailed, match=r"connection 'ssh_default'"):
        ssh().get_conn()
    threading.Timer(0.2, setattr, (proxy, "mode", "pass")).start()
    with ssh() as hook:
        assert run(hook, "echo in")[1] == b"in\n"


def test_a_silent_server_runs_into_the_timeout(change):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        change({"banner_timeout": 0.3}, port=silent.getsockname()[1])
        with pytest.raises(ConnectionFailed, match=r"connection 'ssh_default'.*banner"):
            ssh().get_conn()


def test_an_unreachable_server(change):
    change(port=unused_port())
    with pytest.raises(ConnectionFailed, match=r"connection 'ssh_default'.*Unable to connect"):
        ssh().get_conn()


def test_the_connection_can_be_tested(change, desk):
    works, told = ssh().test_connection()
    assert works
    assert "OpenSSH" in told
    change(port=unused_port())
    works, told = ssh().test_connection()
    assert not works
    assert "ssh_default" in told


def test_signs_of_life(change):
    change({"keepalive_interval": 7})
    with ssh() as hook:
        assert hook.get_conn().get_transport().packetizer._Packetizer__keepalive_interval == 7


@pytest.fixture
def echo_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve():
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                with near:
                    while chunk := near.recv(65536):
                        near.sendall(chunk.upper())

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def ask(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return answer


def test_a_tunnel_leads_there_and_back(desk, echo_port):
    with ssh() as hook, hook.get_tunnel(echo_port, "127.0.0.1") as tunnel:
        assert tunnel.is_active
        assert tunnel.local_bind_address == ("127.0.0.1", tunnel.local_bind_port)
        assert ask(tunnel.local_bind_port, b"hello") == b"HELLO"
        assert ask(tunnel.local_bind_port, b"x" * 1_000_000) == b"X" * 1_000_000
    assert not tunnel.is_active
    with pytest.raises(OSError, match=r"refused"):
        ask(tunnel.local_bind_port, b"hello")


def test_a_tunnel_to_nowhere_cuts_and_one_on_a_taken_port_is_refused(desk, echo_port, caplog):
    with ssh() as hook:
        with hook.get_tunnel(unused_port()) as tunnel:
            assert ask_or_reset(tunnel.local_bind_port) == b""
        assert "does not lead there" in caplog.text
        with pytest.raises(TradewindException, match=rf"local port {echo_port}"):
            hook.get_tunnel(22, local_port=echo_port).start()


def ask_or_reset(port):
    try:
        return ask(port, b"hello")
    except OSError:
        return b""


def test_nothing_secret_is_logged_or_shown(desk, sshd, caplog):
    caplog.set_level(logging.DEBUG)
    hook = ssh(password="t0p-s3cret")
    assert "t0p-s3cret" not in repr(hook.settings)
    run(hook, "true")
    assert "t0p-s3cret" not in caplog.text
    assert not sshd.password or sshd.password not in caplog.text
