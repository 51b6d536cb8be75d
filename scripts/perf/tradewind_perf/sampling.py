"""Looking at something from time to time while a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def sampled(look: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call `look` in a thread of its own while the block runs, and once more at its end: a short block is not missed.

    Arguments:
        look: may raise nothing.
        seconds: between two looks.
    """
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(seconds):
            look()

    thread = threading.Thread(target=work, name="sampling")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        look()
