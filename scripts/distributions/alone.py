"""One provider tested alone: built as a wheel, installed with what it needs and nothing else of this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from distributions.found import (
    ROOT,
    dependencies_of,
    distributions,
    groups_of,
    kit_folders,
    needed_folders,
    required_name,
    settings_of,
)

TOOLS = ("pytest>=8.3", "pytest-randomly>=3.16", "pytest-timeout>=2.3")
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}") or "uv"
INI = """[pytest]
pythonpath = {scripts}
addopts = --strict-markers --import-mode=importlib -ra -p no:cacheprovider
xfail_strict = true
timeout = 300
filterwarnings = error
markers =
    long: takes more than ten seconds
    long_module: its tests take more than twenty seconds
    backed_by(what, name): what the test ran against
    quarantined(reason, since): known to be unreliable
"""


class AloneError(RuntimeError):
    """A step towards the environment failed; the message has its command and what it printed."""


def run_alone(folder: str, work: Path, arguments: Sequence[str] = (), *, oldest: bool = False) -> int:
    """Test a provider in an environment of its own; return pytest's exit code.

    Arguments:
        folder: the provider's, relative to the root.
        work: where wheels and the environment go.
        arguments: for pytest.
        oldest: with the oldest client libraries that the provider allows and this Python has wheels of, else the newest.

    Raises:
        AloneError: the wheels cannot be built, or do not fit together.
    """
    wheels, python = work / "wheels", work / "environment/bin/python"
    built = needed_folders([folder, *kit_folders()], groups=["tests"])
    for each in built:
        build_wheel(ROOT / each, wheels)
    _do(UV, "venv", "-q", "--clear", "-p", sys.executable, str(python.parents[1]))
    wanted = [*map(str, sorted(wheels.glob("*.whl"))), *TOOLS, *_foreign(groups_of([folder], "tests"))]
    pins = ["--constraints", str(_pins_of_oldest(folder, work, python))] if oldest else []
    _do(UV, "pip", "install", "-q", "-p", str(python), *pins, *wanted)
    ini = work / "pytest.ini"
    ini.write_text(INI.format(scripts=ROOT / "scripts"), encoding="utf-8")
    command = [
        str(python),
        "-m",
        "pytest",
        "-c",
        str(ini),
        f"--rootdir={ROOT / folder}",
        f"--confcutdir={ROOT / folder}",
    ]
    done = subprocess.run(
        [*command, str(ROOT / folder / "tests"), *arguments], cwd=work, env=_environment(), check=False
    )
    return done.returncode


def build_wheel(folder: Path, out: Path) -> None:
    """Build a wheel. Raises AloneError."""
    _do(UV, "build", "-q", "--wheel", "--out-dir", str(out), str(folder))


def client_libraries(folder: str) -> list[str]:
    """Return what a provider needs that is not of this repository."""
    return _foreign(dependencies_of(ROOT / folder))


def _foreign(requirements: Sequence[str]) -> list[str]:
    ours = distributions()
    return [each for each in requirements if required_name(each) not in ours]


def _pins_of_oldest(folder: str, work: Path, python: Path) -> Path:
    """Return a file that pins the client libraries to the oldest that are allowed.

    Those without a wheel for this Python are passed over: an old release with C code would have to be compiled. What does not
    even work on this Python, the provider raises by `[tool.tradewind] oldest = ["boto3>=1.26"]`.
    """
    clients, pins = client_libraries(folder), work / "oldest.txt"
    pins.write_text("", encoding="utf-8")
    if clients:
        wanted, raised = work / "clients.txt", work / "raised.txt"
        wanted.write_text("\n".join(clients), encoding="utf-8")
        raised.write_text("\n".join(settings_of(ROOT / folder).get("oldest", [])), encoding="utf-8")
        quiet = ["--resolution", "lowest-direct", "--only-binary", ":all:", "--no-deps", "--no-header", "--no-annotate"]
        files = [str(wanted), "--constraints", str(raised), "-o", str(pins)]
        _do(UV, "pip", "compile", "-q", "-p", str(python), *quiet, *files)
        print(f"the oldest: {' '.join(pins.read_text(encoding='utf-8').split())}")
    return pins


def _environment() -> dict[str, str]:
    """Return the environment without what would lead to this repository's packages."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AloneError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
