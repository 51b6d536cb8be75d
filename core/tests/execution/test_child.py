"""The process of a task, where whoever started it is gone."""

from __future__ import annotations

import subprocess
import sys

from tradewind.execution.child import LOST_SUPERVISOR

ORPHAN = """
import socket, sys
from tradewind.execution import child
ours, theirs = socket.socketpair()
theirs.close()
child.settle()
sys.exit(child.live(child.greet(ours.detach()), 1))
"""


def test_it_ends_without_a_word_where_its_worker_has_ended_before_it_could_greet() -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (LOST_SUPERVISOR, "", "")
