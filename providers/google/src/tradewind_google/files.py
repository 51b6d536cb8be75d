"""Files on the way to Cloud Storage and from it. Apart from the hook, as what this imports is not needed to read a DAG file."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException

__all__ = ["Transformation", "compressed", "packed", "temporary", "temporary_folder"]

_GRACE = 5.0
_LAST_LINES = 20


def compressed(data: bytes) -> bytes:
    """Return bytes as gzip has them."""
    return gzip.compress(data)


@contextmanager
def packed(filename: str) -> Iterator[Any]:
    """Yield a temporary file with what a file has, compressed."""
    with Path(filename).open("rb") as file, tempfile.TemporaryFile() as target:
        with gzip.GzipFile(fileobj=target, mode="wb") as packing:
            shutil.copyfileobj(file, packing)
        target.seek(0)
        yield target


@contextmanager
def temporary(name: str, folder: str | None) -> Iterator[Any]:
    """Yield a temporary file, open for reading and writing, whose name ends in that of an object."""
    with tempfile.NamedTemporaryFile(suffix=name.rsplit("/", 1)[-1], dir=folder) as file:
        yield file


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Yield a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tradewind-transform-") as folder:
        yield folder


class Transformation:
    """A program that makes a file of another one.

    Arguments:
        words: its path, which is run by this Python where it ends in `.py`, and the words behind it.
        say: called with each line that it prints.
    """

    def __init__(self, words: Sequence[str], say: Callable[[str], None]) -> None:
        self._words = list(words)
        self._say = say
        self._process: subprocess.Popen[str] | None = None

    def run(self, source: str, target: str) -> None:
        """Run it to its end.

        Raises:
            TradewindException: it exited with another code than 0.
        """
        Path(target).touch()
        interpreter = [sys.executable] if self._words[0].endswith(".py") else []
        command = [*interpreter, *self._words, source, target]
        lines: list[str] = []
        with subprocess.Popen(  # noqa: S603 - running the author's program is what this is for
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, errors="replace"
        ) as process:
            self._process = process
            for line in process.stdout or ():
                self._say(line.rstrip("\n"))
                lines = [*lines[1 - _LAST_LINES :], line]
        if process.returncode:
            told = "".join(lines).strip()
            raise TradewindException(f"{self._words[0]} exited with {process.returncode}; it last said: {told}")

    def end(self) -> None:
        """End the program, kindly at first."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
