"""Work in a forked process: what goes wrong there is told here, and nothing of it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind.cli.errors import CommandError
from tradewind.cli.processes.apart import do_apart
from tradewind.config import ConfigError


def refuse() -> None:
    raise CommandError("The kettle is empty: fill it.", error_id="no-water", exit_code=3)


def break_the_config() -> None:
    raise ConfigError("kettle.size = 0: give litres above 0.")


def crash() -> None:
    raise ZeroDivisionError("the kettle")


def test_what_is_done_apart_leaves_nothing_here_and_is_over_when_it_returns(tmp_path: Path) -> None:
    made = tmp_path / "made"
    do_apart(lambda: made.write_text(str(os.getpid())))
    assert int(made.read_text()) != os.getpid()
    with pytest.raises(ChildProcessError):
        os.waitpid(int(made.read_text()), 0)


def test_an_error_for_people_is_raised_here() -> None:
    with pytest.raises(CommandError, match="The kettle is empty") as caught:
        do_apart(refuse)
    assert (caught.value.error_id, caught.value.exit_code) == ("no-water", 3)
    with pytest.raises(CommandError, match=r"kettle\.size = 0") as caught:
        do_apart(break_the_config)
    assert caught.value.error_id == "config-invalid"


def test_any_other_error_is_printed_there_and_ends_this_process(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        do_apart(crash)
    assert caught.value.code == 1
    assert "ZeroDivisionError: the kettle" in capfd.readouterr().err


def test_sigterm_ends_both(tmp_path: Path) -> None:
    code = """
import os, threading
from tradewind.cli.processes.apart import do_apart
from tradewind.cli.processes.stopping import leave_on_sigterm
def wait():
    print(os.getpid(), flush=True)
    threading.Event().wait()
leave_on_sigterm()
do_apart(wait)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.terminate()
        assert process.wait() == 0
        assert process.stdout.read() == ""  # at its end nobody has it open any more: the child has gone too
    assert not Path(f"/proc/{child}").exists()
