"""A real SSH server, OpenSSH's sshd from the system's packages, in a temporary folder, on a free loopback port.

As root it runs in namespaces of its own, in which there is a user with a password, so nothing of the machine changes, and
at the end all that was started over SSH ends too. For others it lets in who started it, by key only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from services.processes import find_binary, free_port, server, temporary_folder

MISSING = "There is no OpenSSH server on this machine: run scripts/install_services."
USER = "tester"
PASSWORD = "open sesame"  # noqa: S105 - of a user who exists as long as the server runs
PASSWORD_HASH = "$6$tradewind$xc6hk6.4l0k33W2htC8d8d4P/HHv4qmbwWxvCpRP3Xh07QtAQoTdXyOS/2n7L6eemmxFEtdLoGPrEiGztfR.I/"  # noqa: S105
USER_ID, GROUP_ID = 61999, 65534
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {root}/host_key
AuthorizedKeysFile {root}/authorized_keys
PidFile none
StrictModes no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
KbdInteractiveAuthentication no
PasswordAuthentication {by_password}
AcceptEnv GREETING
AllowTcpForwarding yes
MaxSessions 50
MaxStartups 100
MaxAuthTries 20
Subsystem sftp internal-sftp -d {root}/home
"""
# The files of users are replaced for this process and its children alone
PREPARE = """
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd
shift
exec "$@"
"""


def is_installed() -> bool:
    """Tell whether this machine has the server and the program that makes keys."""
    return find_binary("sshd") is not None and find_binary("ssh-keygen") is not None


@contextmanager
def sshd_server() -> Iterator[str]:
    """Run a server until the block ends; yield its URL.

    The URL is that of a connection: `ssh://login:password@127.0.0.1:port/home?key_file=…&host_key=…`. There is no
    password where the tests do not run as root.
    """
    binary = find_binary("sshd")
    if binary is None or not is_installed():
        raise RuntimeError(MISSING)
    is_root = os.geteuid() == 0
    with temporary_folder("tradewind-sshd-") as root:
        home, port = root / "home", free_port()
        home.mkdir()
        for name in ("host_key", "user_key"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", root / name]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        shutil.copyfile(root / "user_key.pub", root / "authorized_keys")
        settings = CONFIGURATION.format(port=port, root=root, by_password="yes" if is_root else "no")
        (root / "sshd_config").write_text(settings)
        command: list[Any] = [binary, "-D", "-e", "-f", root / "sshd_config"]
        if is_root:
            command = [*_with_a_user(root, home), *command]
        with server(command, root, lambda: _greeted(port), stop=signal.SIGKILL) as process:
            try:
                yield _url(root, home, port, has_password=is_root)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _with_a_user(root: Path, home: Path) -> list[Any]:
    """Return the words in front of the server's command that make namespaces in which there is a user for the tests."""
    os.chown(home, USER_ID, GROUP_ID)
    line = f"{USER}:x:{USER_ID}:{GROUP_ID}::{home}:/bin/sh\n"
    (root / "passwd").write_text(Path("/etc/passwd").read_text() + line)
    (root / "shadow").touch(mode=0o600)
    (root / "shadow").write_text(Path("/etc/shadow").read_text() + f"{USER}:{PASSWORD_HASH}:19000:0:99999:7:::\n")
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return [*namespaces, "sh", "-ec", PREPARE, "sh", root]


def _url(root: Path, home: Path, port: int, *, has_password: bool) -> str:
    user = USER if has_password else pwd.getpwuid(os.geteuid()).pw_name
    login = f"{user}:{quote(PASSWORD)}" if has_password else user
    kind, key = (root / "host_key.pub").read_text().split()[:2]
    extra = urlencode({"key_file": str(root / "user_key"), "host_key": f"{kind} {key}"})
    return f"ssh://{login}@127.0.0.1:{port}/{quote(str(home), safe='')}?{extra}"


def _greeted(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        if not client.recv(8).startswith(b"SSH-2.0"):
            raise ConnectionError("no SSH server")
