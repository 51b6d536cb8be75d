"""Trying a connection: its type's hook does it, in a process of its own that is ended when it takes too long or too much.

Run as a module it is that process: it reads the connection from its input, and writes a JSON list of success and message.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile

from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook

from tradewind.config import load
from tradewind.execution.masking import Masker, connection_secrets
from tradewind.parsing.limits import memory_limit
from tradewind.plugins.current import hook_class

MEBIBYTES = 1024
"""Address space that a test may add to what its process has when it begins."""
LAST_WORDS = 4096
"""Bytes at the end of what a test prints that are looked at, where it ends without an answer."""


class OneConnection(host.Host):
    """A host that has one connection, and masks nothing: what the hook says is masked by who asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self, conn_id: str) -> Connection:
        """See `Host.connection`."""
        if conn_id != self._connection.conn_id:
            raise TradewindNotFoundException(f"only {self._connection.conn_id!r} is tested, not {conn_id!r}")
        return self._connection

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """See `Host.hook_class`."""
        return hook_class(conn_type)

    def variable(self, key: str) -> str | None:
        """See `Host.variable`."""
        return None

    def settings(self, section: str, key: str) -> str | None:
        """See `Host.settings`; as tasks get them, so none that is a secret."""
        found = (each for each in load().settings if (each.section, each.key) == (section, key) and not each.secret)
        return next((str(each.value) for each in found), None)

    def mask(self, secret: str) -> None:
        """See `Host.mask`."""


def test_connection(connection: Connection, *, timeout: float) -> tuple[bool, str]:
    """Return whether a connection works, with a sentence; its password never stands in it.

    Arguments:
        timeout: seconds after which it counts as failed.
    """
    sent = json.dumps({"conn_id": connection.conn_id, "json": connection.as_json()})
    command = [sys.executable, "-m", "tradewind.operations.connection_testing"]
    # What it prints goes to a file: nobody knows how much that is
    with tempfile.TemporaryFile() as printed:
        try:
            # Secrets go through its input: arguments can be read by every user of the machine
            done = subprocess.run(  # noqa: S603
                command, input=sent.encode(), stdout=subprocess.PIPE, stderr=printed, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return False, f"no answer within {timeout:g} s"
        try:
            works, message = json.loads(done.stdout)
        except ValueError:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - LAST_WORDS))
            last = printed.read().decode(errors="replace").strip().splitlines()
            told = last[-1] if last else "without a word"
            works, message = False, f"the test ended with code {done.returncode}: {told}"
    return bool(works), _masked(str(message), connection)


def _masked(message: str, connection: Connection) -> str:
    masker = Masker()
    masker.add(connection_secrets({"password": connection.password, "extra": connection.extra}))
    return masker.clean(message)


def _try(connection: Connection) -> tuple[bool, str]:
    found = hook_class(connection.conn_type)
    hook = found(**{found.conn_name_attr: connection.conn_id})
    try:
        works, message = hook.test_connection()
    except NotImplementedError:
        return (
            False,
            f"connections of type {connection.conn_type!r} cannot be tested: {found.__name__} has no test",
        )
    return works, message


def main() -> None:
    """Read, try, and answer. What the hook prints goes to the errors."""
    sent = json.loads(sys.stdin.read())
    connection = Connection.from_json(sent["json"], sent["conn_id"])
    with contextlib.redirect_stdout(sys.stderr), host.bind(OneConnection(connection)), memory_limit(MEBIBYTES):
        try:
            answer = _try(connection)
        except MemoryError:
            answer = False, f"the test asked for more than {MEBIBYTES} MiB of memory"
        except TradewindException as error:
            answer = False, str(error)
        except Exception as error:  # noqa: BLE001  (a provider's code: whatever it raises is the answer)
            answer = False, f"{type(error).__name__}: {error}"
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
