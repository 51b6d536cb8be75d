"""The environments of a real Apache Airflow 1.10.15 under Python 3.6 and 3.8, made once and kept.

`python backport/testbed/environment.py` makes that of 3.6 ahead of the tests, so that they find it ready; it needs nothing but
the standard library. It is kept under `TRADEWIND_BACKPORT_CACHE` or `~/.cache/tradewind/backport`, in a folder named after the
pins and the interpreter, and held by one process at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
BUILD_CONSTRAINTS = HERE / "build-constraints.txt"
GATE = "3.6"
"""The Python of the gate: the oldest, under which least exists."""


def checked(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed.

    Raises:
        RuntimeError: with what it printed, when it failed.
    """
    # uv cannot compile the bytecode of 3.6; without the setting it leaves that to the interpreter
    environment = {name: value for name, value in os.environ.items() if name != "UV_COMPILE_BYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **{"env": environment, **options})  # type: ignore[call-overload]
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done  # type: ignore[no-any-return]


def missing(version: str) -> str:
    """Return what to say where there is no such Python."""
    places = f"TRADEWIND_PYTHON{_short(version)}, python{version}, pyenv"
    return f"no Python {version} was found ({places}): the backports did not run on Airflow 1.10 under it"


def find_python(version: str = GATE) -> str | None:
    """Return the interpreter named by `TRADEWIND_PYTHON36`, else `python3.6` on the PATH, else one of pyenv's, or None."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    named, found = os.environ.get(f"TRADEWIND_PYTHON{_short(version)}"), shutil.which(f"python{version}")
    return next((each for each in (named, found, *map(str, pyenv)) if each and _is_python(each, version)), None)


def _short(version: str) -> str:
    return version.replace(".", "")


def _pins(version: str) -> tuple[Path, Path]:
    return HERE / f"airflow-1.10.15-py{_short(version)}.txt", HERE / f"kit-py{_short(version)}.txt"


def _is_python(candidate: str, version: str) -> bool:
    """Ask the program itself: a shim of pyenv may stand on the PATH for a version that is not there."""
    try:
        done = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return done.stdout.strip() == version


@contextmanager
def held_environment(python: str, version: str = GATE) -> Iterator[Path]:
    """Hold the environment alone, making it first where it is not there; yield its folder.

    Arguments:
        python: the interpreter.
        version: its version, such as 3.6.
    """
    cache = Path(os.environ.get("TRADEWIND_BACKPORT_CACHE") or Path.home() / ".cache" / "tradewind" / "backport")
    pins = b"".join(file.read_bytes() for file in (*_pins(version), BUILD_CONSTRAINTS))
    key = hashlib.sha256(pins + python.encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = cache / key
        if not (folder / "complete").exists():
            _make(folder, python, _pins(version))
            (folder / "complete").touch()
        yield folder


def _make(venv: Path, python: str, pins: tuple[Path, ...]) -> None:
    """Install the pinned Airflow, and what the kit and providers need; by uv if it is there, in a quarter of the time."""
    shutil.rmtree(venv, ignore_errors=True)
    wanted = [word for file in pins for word in ("-r", str(file))]
    if shutil.which("uv"):
        checked(["uv", "venv", "--python", python, str(venv)])
        install = ["uv", "pip", "install", "--python", str(venv), "--build-constraints", str(BUILD_CONSTRAINTS)]
        checked([*install, *wanted])
        return
    checked([python, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    checked([*pip, "--upgrade", "pip==21.3.1"])  # the bundled one compiles what has wheels
    checked([*pip, "setuptools<58", "wheel<0.38"])
    checked([*pip, *wanted], env={**os.environ, "PIP_CONSTRAINT": str(BUILD_CONSTRAINTS)})


def install_wheels(venv: Path, wheels: list[Path]) -> None:
    """Install into the same site-packages as Airflow, as a user would."""
    names = [str(wheel) for wheel in wheels]
    if shutil.which("uv"):
        checked(["uv", "pip", "install", "--python", str(venv), "--no-deps", "--reinstall", *names])
    else:
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        checked([*pip, "--no-deps", "--force-reinstall", *names])


def main() -> int:
    """Make the environment and print its folder; without a Python 3.6 say so and return 1."""
    python = find_python()
    if python is None:
        print(missing(GATE), file=sys.stderr)
        return 1
    with held_environment(python) as folder:
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
