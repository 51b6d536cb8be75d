"""What blocks is waited for in a thread, with the host of whoever waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

from tradewind_plugins.host import Host, bind, current
from tradewind_plugins.threads import in_thread, pause


def test_a_function_runs_in_another_thread_with_the_same_host():
    async def wait():
        return await in_thread(lambda: (current(), threading.get_ident()))

    with bind(Host()) as host:
        found, thread = asyncio.run(wait())
    assert found is host
    assert thread != threading.get_ident()


def test_a_pause_lets_others_go_on():
    async def wait():
        await asyncio.gather(pause(0.001), pause(0.001))
        return "done"

    assert asyncio.run(wait()) == "done"


def test_a_dag_file_that_names_a_trigger_loads_no_loop():
    code = "import sys, tradewind_plugins.threads; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
