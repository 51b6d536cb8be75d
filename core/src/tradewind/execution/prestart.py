"""A worker's process that is begun early: it imports what a worker needs while its watcher still looks at the database.

Both import for some tenths of a second; side by side that is the start-up of one instead of two. Imports next to nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

EXECUTOR = "LocalExecutor"
"""The executor whose tries such a worker claims."""
MARK = "TRADEWIND_WORKER"
"""Names the worker in the environment of all its processes: by this they are found when it has died."""
GATE = "TRADEWIND_WORKER_GATE"
"""The descriptor at which a worker that was begun early waits for the word."""


def worker_process(environ: Mapping[str, str], worker: str, *, gate: int | None = None) -> subprocess.Popen[bytes]:
    """Start a worker.

    Arguments:
        environ: its environment but for what names it.
        worker: the id of its row in `daemon`, new for each process.
        gate: a descriptor that it reads a byte from before it works; at its end it leaves.
    """
    gates = {} if gate is None else {GATE: str(gate)}
    return subprocess.Popen(
        [sys.executable, "-m", "tradewind.execution.worker"],
        env={**environ, MARK: worker, **gates},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal is the watcher's, who then stops it in order
        pass_fds=() if gate is None else (gate,),
    )


class Prestarted:
    """A worker that waits for the word: `go`, or `drop` where it turns out not to be wanted."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.worker = str(uuid4())
        gate, self._word = os.pipe()
        try:
            self.process = worker_process(environ, self.worker, gate=gate)
        finally:
            os.close(gate)

    def go(self) -> None:
        """Let it work. One that was killed meanwhile is seen by who waits for its end, as any other."""
        with suppress(BrokenPipeError):
            os.write(self._word, b"g")
        os.close(self._word)
        self._word = -1

    def drop(self) -> None:
        """Let it leave, and wait for it; nothing happens once it was let work."""
        if self._word >= 0:
            os.close(self._word)
            self._word = -1
            self.process.wait()


def await_word() -> bool:
    """Wait until this worker is to work; false means that it is not wanted any more. One begun late need not wait."""
    gate = os.environ.pop(GATE, None)
    if gate is None:
        return True
    with open(int(gate), "rb", buffering=0) as waiting:  # noqa: PTH123  (a descriptor)
        return waiting.read(1) != b""
