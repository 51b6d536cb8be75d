"""Test providers alone."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from distributions.alone import Setting, run_alone
from distributions.found import named_folder, provider_folders


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="such as sqlite; `all` for all; or the folder of any other"
    )
    parser.add_argument(
        "--oldest", action="store_true", help="with the oldest client libraries they allow, not the newest"
    )
    parser.add_argument("--released", action="store_true", help="their last releases, with the tests of then")
    parser.add_argument(
        "--contract", default="", metavar="VERSION", help="a released plugins API, or `oldest`; not the one here"
    )
    parser.add_argument("--work", type=Path, help="keep wheels and environments in this folder")
    parser.add_argument("--pytest", nargs=argparse.REMAINDER, default=[], help="all words after it go to pytest")
    parser.set_defaults(run=_run)


def _folder(name: str) -> str:
    """Return a provider's folder by its name; a path with a pyproject.toml is one, outside of the repository too."""
    path = Path(name).absolute()
    return str(path) if (path / "pyproject.toml").exists() else named_folder(name)


def _run(options: argparse.Namespace) -> int:
    names = provider_folders() if options.names == ["all"] else [_folder(each) for each in options.names]
    failed = []
    with tempfile.TemporaryDirectory(prefix="tradewind-alone-") as folder:
        for each in names:
            print(f"== {each} alone, {'oldest' if options.oldest else 'newest'} client libraries", flush=True)
            setting = Setting(oldest=options.oldest, released=options.released, contract=options.contract)
            work = (options.work or Path(folder)).absolute() / Path(each).name
            work.mkdir(parents=True, exist_ok=True)
            if run_alone(each, work, options.pytest, setting):
                failed.append(each)
    print("".join(f"failed alone: {each}\n" for each in failed), end="")
    return 1 if failed else 0
