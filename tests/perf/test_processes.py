"""What is read of processes is that of those that are meant, and not of others in the same tree."""

import subprocess
import sys

from tradewind_perf.processes import MIB, generation, largest, largest_descendant

# As a worker: a small process at the end of a line of larger ones
LINE = """
import os, sys

for _ in range(2):
    reading, writing = os.pipe()
    if os.fork():
        held = b"x" * (30 << 20)
        os.write(writing, b"!")
        os.wait()
        os._exit(0)
    os.read(reading, 1)
print("there", flush=True)
sys.stdin.read()
"""


def test_a_generation_is_what_stands_so_far_below_a_process_and_no_other() -> None:
    with subprocess.Popen([sys.executable, "-c", LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        children, grandchildren = generation(first.pid, 1), generation(first.pid, 2)
        assert [each.ppid() for each in children] == [first.pid]
        assert [each.ppid() for each in grandchildren] == [children[0].pid]
        assert generation(first.pid, 3) == []
        assert largest(children) > 30 * MIB
        assert 0 < largest(grandchildren) < 30 * MIB
        assert largest_descendant(first.pid) == largest(children)
    assert generation(first.pid, 1) == []
