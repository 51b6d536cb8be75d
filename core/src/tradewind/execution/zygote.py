"""The zygote: a fresh interpreter that has imported what every task needs, and forks warm parents from it.

Started by the supervisor as `python -m tradewind.execution.zygote FD`, FD being its control socket. It imports no DAG
file
itself, so it stays clean for a process that must import the code on its own (`StartCold`): after an import that left
threads behind, or where isolation is `fresh`.
"""

from __future__ import annotations

import gc
import os
import socket
import sys

from tradewind.execution import child, task_log, warm_parent
from tradewind.execution.messages import Message, OpenParent, StartCold
from tradewind.execution.nest import Nest, leave_process
from tradewind.execution.rehearsal import rehearse, warm_up
from tradewind.execution.task_run import own_process, task_listeners
from tradewind.plugins.behaviour import policies, prepare_imports


def serve(control: socket.socket) -> None:
    """Fork what the supervisor asks for, until it is gone."""
    nest = Nest(control)
    while True:
        if control.fileno() not in nest.wait():
            continue
        item, descriptors = nest.packet()
        if item is None:
            return
        try:
            _fork_for(nest, item, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def _fork_for(nest: Nest, item: Message, descriptors: list[int]) -> None:
    first, second = descriptors
    if isinstance(item, OpenParent):
        spec = item
        nest.fork(lambda: warm_parent.run(spec, socket.socket(fileno=first), socket.socket(fileno=second)))
    elif isinstance(item, StartCold):
        nest.fork(lambda: _cold(first, second))
    else:
        raise TypeError(f"the zygote has no use for {item!r}")


def _cold(stream: int, log: int) -> int:
    child.settle()
    return child.live(child.greet(stream), log)


def main(descriptor: int) -> int:
    """Serve on the socket `descriptor`; return the exit code."""
    task_listeners()
    rehearse()
    warm_up()
    # Done here once and not in each child, as every page that a child writes to costs it 4 microseconds
    prepare_imports()
    policies()
    own_process()
    task_log.settle()
    gc.collect()
    gc.disable()  # a collection in a nest would only unshare pages; the children enable it again
    gc.freeze()
    serve(socket.socket(fileno=descriptor))
    return 0


if __name__ == "__main__":
    leave_process(main(int(sys.argv[1])))
