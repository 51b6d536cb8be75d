"""The first SIGTERM asks, the second ends whatever hangs."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

HANGING = """
import os, sys, threading
from tradewind.cli.processes.stopping import stop_on_signals

def say(word):
    os.write(1, word.encode() + b"\\n")

stop_on_signals(lambda: say("asked"))
try:
    say("ready")
    threading.Event().wait()  # as a step that hangs: it hears of no stop
finally:
    say("left in order")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_what_hangs(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        for word in ("ready", "asked"):
            assert process.stdout.readline() == f"{word}\n"
            process.send_signal(number)
        assert process.stdout.readline() == "left in order\n"
        assert process.wait(60) == 1
