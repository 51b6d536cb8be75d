"""Write, for each supported Python, which versions of everything fit together: `pip install -c constraints-3.12.txt …`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from distributions.alone import UV, build_wheel, run_quietly
from distributions.found import ROOT, distributions, needed_folders, provider_folders, read_pyproject

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
"""The Pythons that Tradewind is tested with."""
COMPILED = ("ldap",)
"""Core's extras that have no wheels: what they need is the system's."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("out", type=Path, help="the folder of the files constraints-3.X.txt")
    parser.add_argument("--python", nargs="+", default=PYTHONS, metavar="3.X", help="for these only")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    extras = read_pyproject(ROOT / "core")["project"]["optional-dependencies"]
    wanted = [f"tradewind[{','.join(sorted(set(extras) - set(COMPILED)))}]"]
    names = {folder: name for name, folder in distributions().items()}
    wanted += [names[folder] for folder in [*provider_folders(), "backport/airflow-names"]]
    with tempfile.TemporaryDirectory(prefix="tradewind-constraints-") as work:
        wheels, needed = Path(work) / "wheels", Path(work) / "wanted.txt"
        for folder in needed_folders(["core", *provider_folders(), "backport/airflow-names"]):
            build_wheel(ROOT / folder, wheels)
        needed.write_text("\n".join(wanted), encoding="utf-8")
        for python in options.python:
            out = options.out / f"constraints-{python}.txt"
            for_it = ["--python-version", python, "--find-links", str(wheels), "--no-header", "--no-annotate"]
            run_quietly(UV, "pip", "compile", "-q", *for_it, "--no-emit-find-links", "-o", str(out), str(needed))
            print(f"wrote {out}: {len(out.read_text(encoding='utf-8').splitlines())} distributions")
