"""The contract and core as they are here, beside released wheels of providers: what breaks a released one is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from distributions.alone import INI, TOOLS, UV, build_wheel, environment_without_ours, foreign, run_quietly
from distributions.found import ROOT, distributions, groups_of
from distributions.git import git
from distributions.sources import CONTRACT, OLDEST, find_contract, sources_of, version_of

CORE = "tradewind"


class Bench(NamedTuple):
    """An environment with released providers, core as it is here, and a contract.

    Arguments:
        contract: the version of the plugins API, or newest or oldest.
        told: what is in it, for people.
        python: its interpreter.
        providers: by name, the folders of the released providers, with their tests.
        ini: the settings of pytest.
    """

    contract: str
    told: str
    python: Path
    providers: dict[str, Path]
    ini: Path


def run_released(names: Sequence[str], work: Path, contract: str = "") -> list[str]:
    """Test released providers with core as it is here; return a sentence for each suite that fails, with what it printed.

    Their suites run on core; with the contract that is here all their tests of then run on the kit's own host besides.

    Arguments:
        names: of distributions.
        work: where wheels and the environment go.
        contract: a released version of the plugins API, or `oldest`; empty for the one that is here.

    Raises:
        AloneError: wheels cannot be built, or do not fit together.
    """
    bench = _bench(names, work, contract)
    runs = [(name, host) for name in names for host in (("core",) if contract else ("memory", "core"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = pool.map(lambda run: _problem(bench, *run), runs)
        return [problem for problem in failed if problem]


def oldest_differs() -> bool:
    """Return whether the oldest contract that core supports is a release, and not the same as the one that is here."""
    row = find_contract(OLDEST)
    return row is not None and bool(git("diff", "--name-only", row.commit, "--", "plugins-api/src"))


def _bench(names: Sequence[str], work: Path, contract: str) -> Bench:
    work.mkdir(parents=True, exist_ok=True)
    wheels, python = work / "wheels", work / "environment/bin/python"
    folders = distributions()
    built: dict[str, Path] = {}
    for name in names:
        built |= sources_of(folders[name], work, released=True, contract=contract, with_kit=True)
    built[CORE] = ROOT / folders[CORE]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda source: build_wheel(source, wheels), built.values()))
    told = ", ".join(f"{name} {version_of(source)}{_place(source)}" for name, source in built.items())
    providers = {name: built[name] for name in names}
    tests = foreign(groups_of(map(str, providers.values()), "tests", Path()))
    run_quietly(UV, "venv", "-q", "--clear", "-p", sys.executable, str(python.parents[1]))
    run_quietly(UV, "pip", "install", "-q", "-p", str(python), *map(str, wheels.glob("*.whl")), *TOOLS, *tests)
    ini = work / "pytest.ini"
    ini.write_text(INI.format(scripts=ROOT / "scripts", warnings="error"), encoding="utf-8")
    return Bench(contract or "newest", told, python, providers, ini)


def _place(source: Path) -> str:
    return " (here)" if source.is_relative_to(ROOT) else " (released)"


def _problem(bench: Bench, name: str, host: str) -> str:
    """Run a provider's tests; on another host than the kit's those that are suites. Return what is wrong, or nothing."""
    folder = bench.providers[name]
    tests = [folder / "tests"] if host == "memory" else sorted((folder / "tests").glob("test_contract*.py"))
    command: list[str | Path] = [bench.python, "-m", "pytest", "-q", "-c", bench.ini, f"--rootdir={folder}"]
    done = subprocess.run(
        [*command, f"--confcutdir={folder}", "--tradewind-host", host, *tests],
        cwd=bench.ini.parent,
        env=environment_without_ours(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    last = done.stdout.strip().rpartition("\n")[2]
    print(f"{name} {version_of(folder)} on the host {host}, with the {bench.contract} contract: {last}", flush=True)
    if not done.returncode:
        return ""
    return (
        f"{done.stdout[-6000:]}\n{name} {version_of(folder)}, as it was released, does not work with {bench.told}. Keep what "
        f"its users have: give back the name, or release a breaking {CONTRACT} whose range that release does not take in"
    )
