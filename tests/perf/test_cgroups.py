"""A process held to a share of one core, where the machine allows that."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tradewind_perf.cgroups import CpuShare
from tradewind_perf.processes import cpu_seconds

SPIN = "print('spinning', flush=True)\nwhile True: pass"


NEEDS_GROUPS = pytest.mark.skipif(
    not CpuShare.is_possible(), reason="no control group with a CPU quota can be made here"
)


@NEEDS_GROUPS
def test_a_process_that_has_ended_leaves_no_group_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    before = set(_groups())
    with pytest.raises(OSError, match="No such process"):
        CpuShare(ended.pid, 0.1)
    assert set(_groups()) == before


def _groups() -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/tradewind-perf-{os.getpid()}-*"))


@NEEDS_GROUPS
def test_a_held_process_gets_its_share_and_no_more_until_it_is_let_go() -> None:
    with subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE) as spinner:
        assert spinner.stdout is not None
        spinner.stdout.readline()
        group = CpuShare(spinner.pid, 0.1)
        try:
            before, began = cpu_seconds([spinner.pid]), time.monotonic()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            while time.monotonic() - began < 0.5:
                subprocess.run(["true"], check=True)
            share = (cpu_seconds([spinner.pid]) - before) / (time.monotonic() - began)
        finally:
            group.lift()
            spinner.kill()
    # A tick of 10 ms in half a second is 2 %; a process that nothing holds would have half a core at least
    assert share <= 0.35
