"""Files on the way to S3 and from it. Apart from the hook, as what this imports is not needed to read a DAG file."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException

__all__ = ["Transformation", "compressed", "packed", "place_for", "temporary_folder"]

_GRACE = 5.0
_LAST_LINES = 20


def compressed(data: bytes) -> bytes:
    """Return bytes as gzip has them."""
    return gzip.compress(data)


@contextmanager
def packed(file: Any) -> Iterator[Any]:
    """Yield a temporary file with what a file has, compressed."""
    with tempfile.TemporaryFile() as target:
        with gzip.GzipFile(fileobj=target, mode="wb") as packing:
            shutil.copyfileobj(file, packing)
        target.seek(0)
        yield target


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Yield a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="tradewind-transform-") as folder:
        yield folder


def place_for(name: str | None, folder: str | None, in_new_folder: bool) -> Path:
    """Return the path of a file that is not there yet, in a folder that is.

    Arguments:
        name: the file's; None for one of its own.
        folder: where; None for that of temporary files.
        in_new_folder: whether a file that has a name is in a new folder there.

    Raises:
        FileExistsError: there is such a file.
    """
    parent = Path(folder or tempfile.gettempdir())
    if name is None:
        target = parent / f"tradewind_{uuid.uuid4().hex}"
    else:
        target = (parent / f"tradewind_{uuid.uuid4().hex[:8]}" if in_new_folder else parent) / name
    if target.exists():
        raise FileExistsError(f"there is a file {target} already")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


class Transformation:
    """A program that makes a file of another one.

    Arguments:
        script: its path; one that ends in `.py` is run by this Python.
        say: called with each line that it prints.
    """

    def __init__(self, script: str, say: Callable[[str], None]) -> None:
        self._script = script
        self._say = say
        self._process: subprocess.Popen[str] | None = None

    def run(self, source: str, target: str, arguments: Sequence[str]) -> None:
        """Run it to its end.

        Raises:
            TradewindException: it exited with another code than 0.
        """
        Path(target).touch()
        interpreter = [sys.executable] if self._script.endswith(".py") else []
        command = [*interpreter, self._script, source, target, *map(str, arguments)]
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
            raise TradewindException(f"{self._script} exited with {process.returncode}; it last said: {told}")

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
