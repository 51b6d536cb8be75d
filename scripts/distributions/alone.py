"""One provider tested alone: built as a wheel, installed with what it needs and nothing else of this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distributions.found import ROOT, dependencies_of, distributions, groups_of, required_name, settings_of
from distributions.sources import sources_of, version_of

TOOLS = ("pytest>=8.3", "pytest-randomly>=3.16", "pytest-timeout>=2.3")
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}") or "uv"
INI = """[pytest]
pythonpath = {scripts}
addopts = --strict-markers --import-mode=importlib -ra -p no:cacheprovider
xfail_strict = true
timeout = 300
filterwarnings = {warnings}
markers =
    long: takes more than ten seconds
    long_module: its tests take more than twenty seconds
    backed_by(what, name): what the test ran against
    quarantined(reason, since): known to be unreliable
"""


class AloneError(RuntimeError):
    """A step towards the environment failed; the message has its command and what it printed."""


class Setting(NamedTuple):
    """With what a provider is tested.

    Arguments:
        oldest: with the oldest client libraries that it allows and this Python has wheels of, else the newest.
        released: as it was last released, with the tests of then, and its siblings likewise; else as it is here.
        contract: the version of the plugins API, or `oldest`; empty for the one that is here.
    """

    oldest: bool = False
    released: bool = False
    contract: str = ""


def run_alone(folder: str, work: Path, arguments: Sequence[str] = (), setting: Setting = Setting()) -> int:  # noqa: B008
    """Test a provider in an environment of its own; return pytest's exit code.

    Arguments:
        folder: the provider's, relative to the root; or any other provider's, anywhere.
        work: where wheels and the environment go.
        arguments: for pytest.
        setting: with what.

    Raises:
        AloneError: the wheels cannot be built, or do not fit together.
    """
    wheels, python = work / "wheels", work / "environment/bin/python"
    built = sources_of(folder, work, released=setting.released, contract=setting.contract)
    for each in built.values():
        build_wheel(each, wheels)
    print("with " + ", ".join(f"{name} {version_of(source)}" for name, source in built.items()), flush=True)
    provider = next(iter(built.values()))
    run_quietly(UV, "venv", "-q", "--clear", "-p", sys.executable, str(python.parents[1]))
    tests = foreign(groups_of([str(provider)], "tests", Path()))
    pins = ["--constraints", str(_pins_of_oldest(provider, work, python))] if setting.oldest else []
    wanted = [*map(str, sorted(wheels.glob("*.whl"))), *TOOLS, *tests]
    run_quietly(UV, "pip", "install", "-q", "-p", str(python), *pins, *wanted)
    # Old libraries warn of what was to come in the Python that runs them now
    ini, warnings = work / "pytest.ini", "default" if setting.oldest else "error"
    ini.write_text(INI.format(scripts=ROOT / "scripts", warnings=warnings), encoding="utf-8")
    command = [str(python), "-m", "pytest", "-c", str(ini), f"--rootdir={provider}", f"--confcutdir={provider}"]
    done = subprocess.run(
        [*command, str(provider / "tests"), *arguments], cwd=work, env=environment_without_ours(), check=False
    )
    return done.returncode


def build_wheel(folder: Path, out: Path) -> None:
    """Build a wheel. Raises AloneError."""
    run_quietly(UV, "build", "-q", "--wheel", "--out-dir", str(out), str(folder))


def foreign(requirements: Sequence[str]) -> list[str]:
    """Return the requirements that are not on distributions of this repository."""
    ours = distributions()
    return [each for each in requirements if required_name(each) not in ours]


def _pins_of_oldest(provider: Path, work: Path, python: Path) -> Path:
    """Return a file that pins the client libraries to the oldest that are allowed.

    Those without a wheel for this Python are passed over: an old release with C code would have to be compiled. What does not
    even work on this Python, the provider raises by `[tool.tradewind] oldest = ["boto3>=1.26"]`.
    """
    clients, pins = foreign(dependencies_of(provider)), work / "oldest.txt"
    pins.write_text("", encoding="utf-8")
    if clients:
        wanted, raised = work / "clients.txt", work / "raised.txt"
        wanted.write_text("\n".join(clients), encoding="utf-8")
        raised.write_text("\n".join(settings_of(provider).get("oldest", [])), encoding="utf-8")
        quiet = ["--resolution", "lowest-direct", "--only-binary", ":all:", "--no-deps", "--no-header", "--no-annotate"]
        files = [str(wanted), "--constraints", str(raised), "-o", str(pins)]
        run_quietly(UV, "pip", "compile", "-q", "-p", str(python), *quiet, *files)
        print(f"the oldest: {' '.join(pins.read_text(encoding='utf-8').split())}")
    return pins


def environment_without_ours() -> dict[str, str]:
    """Return the environment without what would lead to this repository's packages."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def run_quietly(*command: str) -> None:
    """Run a program and keep what it prints. Raises AloneError, with all of it, where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AloneError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
