"""Virtual environments for tasks, kept by what is asked of them: the second task that wants the same one has it at once."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradewind_plugins.exceptions import TradewindException

from tradewind.operators.other_python import find_python
from tradewind.operators.shell import Shell

KEPT_UNUSED_DAYS: Final = 30
"""After so many days without a use an environment goes, when another one is made."""

FINISHED: Final = "tradewind-finished"
"""The file whose presence says that an environment is whole, and whose time says when it was last used."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an environment.

    Args:
        requirements: lines as in a requirements file.
        python_version: such as ``3.11``; None for that of the task.
        system_site_packages: whether it sees what is installed with its Python.
        pip_install_options: more options of ``pip install``.
        index_urls: package indexes, the first in place of the usual one; None for the usual one.
    """

    requirements: tuple[str, ...]
    python_version: str | None = None
    system_site_packages: bool = True
    pip_install_options: tuple[str, ...] = ()
    index_urls: tuple[str, ...] | None = None

    def key(self) -> str:
        """Return its name among all: the same for the same wishes, on the same Python of this machine."""
        wishes = [
            sorted(line.strip() for line in self.requirements if line.strip()),
            self.python_version or sys.version,
            sys.base_prefix if self.python_version is None else "",
            self.system_site_packages,
            self.pip_install_options,
            self.index_urls,
        ]
        return hashlib.sha256(json.dumps(wishes).encode()).hexdigest()[:32]


def python_of(wanted: Wanted, folder: Path, shell: Shell) -> str:
    """Return the interpreter of the environment, which is made in ``folder`` if it is not there; one maker at a time.

    Raises:
        TradewindException: it cannot be made; what pip or uv said stands in the task's log.
    """
    place = folder / wanted.key()
    interpreter, finished = place / "bin" / "python", place / FINISHED
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{place.name}.lock"):
        if finished.exists():
            log.info("The virtual environment %s is there already", place)
        else:
            shutil.rmtree(place, ignore_errors=True)  # what a maker left that was stopped
            begun = time.monotonic()
            _make(wanted, place, shell)
            log.info("The virtual environment %s was made in %.1f s", place, time.monotonic() - begun)
        finished.touch()
    _forget_unused(folder)
    return str(interpreter)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(wanted: Wanted, place: Path, shell: Shell) -> None:
    """Make it with uv where that is installed, which is faster; options of pip are for pip."""
    uv = None if wanted.pip_install_options else shutil.which("uv")
    requirements = place.with_suffix(".txt")
    requirements.write_text("\n".join(wanted.requirements) + "\n", encoding="utf-8")
    try:
        for step in _with_uv(uv, wanted, place, requirements) if uv else _with_pip(wanted, place, requirements):
            _take(step, place.parent, shell)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        requirements.unlink()


def _take(step: Sequence[str], folder: Path, shell: Shell) -> None:
    code, last_line = shell.run_program(step, str(folder), dict(os.environ))
    if code:
        raise TradewindException(f"A virtual environment could not be made: {last_line or step[0]}")


def _with_uv(uv: str, wanted: Wanted, place: Path, requirements: Path) -> Iterator[Sequence[str]]:
    seen = ["--system-site-packages"] if wanted.system_site_packages else []
    yield [uv, "venv", "--quiet", "--python", wanted.python_version or sys.executable, *seen, str(place)]
    if wanted.requirements:
        python = str(place / "bin" / "python")
        yield [uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements), *_indexes(wanted)]


def _with_pip(wanted: Wanted, place: Path, requirements: Path) -> Iterator[Sequence[str]]:
    version = wanted.python_version
    python = sys.executable if version is None else find_python(f"python{version}", "A virtual environment")
    seen = ["--system-site-packages"] if wanted.system_site_packages else []
    yield [python, "-m", "venv", *seen, str(place)]
    if wanted.requirements:
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        yield [*pip, "-r", str(requirements), *_indexes(wanted), *wanted.pip_install_options]


def _indexes(wanted: Wanted) -> Iterator[str]:
    for number, url in enumerate(wanted.index_urls or ()):
        yield f"--extra-index-url={url}" if number else f"--index-url={url}"


def _forget_unused(folder: Path) -> None:
    oldest = time.time() - KEPT_UNUSED_DAYS * 24 * 3600
    old = [finished.parent for finished in folder.glob(f"*/{FINISHED}") if _used_at(finished) < oldest]
    for place in old:
        with _locked(folder / f"{place.name}.lock"):
            if _used_at(place / FINISHED) < oldest:
                log.info("The virtual environment %s was not used for %d days: removed", place, KEPT_UNUSED_DAYS)
                shutil.rmtree(place, ignore_errors=True)


def _used_at(finished: Path) -> float:
    """Return when an environment was last used, in seconds since 1970; that of one that another task removed is now."""
    try:
        return finished.stat().st_mtime
    except FileNotFoundError:
        return time.time()
